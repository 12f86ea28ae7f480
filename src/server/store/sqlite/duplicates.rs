//! Documents that have the same content, by its hash.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::rows;
use super::*;

/// The oldest document with this content, and its change number. What a job wrote that is being cancelled is about to go.
const OLDEST: &str = "select id, seq from document d where content_hash = ?1 and id <> ?2 and not exists \
    (select 1 from job where job.id = d.job and job.cancel_requested = 1) order by id limit 1";

/// The id of no document.
const NONE: [u8; 16] = [0; 16];

pub(super) fn oldest(connection: &Connection, hash: ContentHash) -> Result<Option<(DocumentId, u64)>> {
    oldest_but(connection, hash, NONE)
}

fn oldest_but(
    connection: &Connection,
    hash: ContentHash,
    except: [u8; 16],
) -> Result<Option<(DocumentId, u64)>> {
    let mut statement = connection.prepare_cached(OLDEST)?;
    let found = statement
        .query_row(params![hash.0, except], |row| Ok((DocumentId(rows::uuid(row, 0)?), row.get(1)?)));
    Ok(found.optional()?)
}

/// The items of a delivery whose content is not to be there twice, and is: in a document, or in an item before.
pub(super) fn met(tx: &Tx<'_>, delivery: &Delivery) -> Result<Vec<Met>> {
    let mut met = Vec::new();
    let mut before = HashMap::new();
    for (place, item) in delivery.items.iter().enumerate() {
        let document = item.outcome.document().filter(|it| it.on_duplicate.keeps_out());
        let Some(hash) = document.and_then(|it| it.hash) else { continue };
        let id = DocumentId::of(delivery.fence.job, item.item);
        let found = match before.get(&hash) {
            Some(id) => Some(*id),
            None => oldest_but(tx.connection, hash, id.0.into_bytes())?.map(|(id, _)| id),
        };
        match found {
            Some(document) => met.push(Met { place, document }),
            None => {
                before.insert(hash, id);
            }
        }
    }
    Ok(met)
}
