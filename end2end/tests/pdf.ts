// A PDF with many pages, each with some lines of text; `words` makes the lines longer.

export function pdf(pages: number, words = ''): Buffer {
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '',
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
  ];
  const kids: string[] = [];
  for (let page = 1; page <= pages; page += 1) {
    const lines = Array.from({ length: 40 }, (_, line) => {
      return `1 0 0 1 72 ${760 - line * 18} Tm (Page ${page}, line ${line} of the long survey. ${words}) Tj`;
    });
    const text = `BT /F1 12 Tf ${lines.join(' ')} ET`;
    objects.push(`<< /Length ${text.length} >>\nstream\n${text}\nendstream`);
    objects.push(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents ${objects.length} 0 R ` +
        '/Resources << /Font << /F1 3 0 R >> >> >>',
    );
    kids.push(`${objects.length} 0 R`);
  }
  objects[1] = `<< /Type /Pages /Count ${pages} /Kids [${kids.join(' ')}] >>`;
  let body = '%PDF-1.4\n';
  const places: string[] = [];
  objects.forEach((object, number) => {
    places.push(`${String(body.length).padStart(10, '0')} 00000 n \n`);
    body += `${number + 1} 0 obj\n${object}\nendobj\n`;
  });
  const table = `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${places.join('')}`;
  const trailer = `trailer << /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${body.length}\n%%EOF`;
  return Buffer.from(body + table + trailer, 'latin1');
}
