// A server that asks for keys, beside the one of the other tests.

import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

function program(): string {
  if (!process.env.SLUICE_BIN) throw new Error('SLUICE_BIN must name the server to start beside the other one');
  return process.env.SLUICE_BIN;
}

export class GuardedServer {
  private constructor(
    readonly address: string,
    private readonly process: ChildProcess,
    private readonly folder: string,
  ) {}

  /** Starts one with a key for each of these scopes, and tells the keys. */
  static async start(scopes: string[]): Promise<{ server: GuardedServer; keys: string[] }> {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-guarded-'));
    const data = ['--data-dir', folder];
    const key = (scope: string) =>
      execFileSync(program(), ['keys', 'create', '--name', scope, '--scope', scope, ...data], { stdio: 'pipe' });
    const keys = scopes.map((scope) => key(scope).toString().trim());
    const options = ['--require-keys', '--addr', '127.0.0.1:0', '--min-free-disk', '0', ...data];
    const process = spawn(program(), options, { stdio: ['ignore', 'ignore', 'pipe'] });
    for await (const line of createInterface(process.stderr)) {
      const address = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0];
      if (address) {
        process.stderr.resume();
        return { server: new GuardedServer(address, process, folder), keys };
      }
    }
    throw new Error('the server ended at once');
  }

  async stop(): Promise<void> {
    const ended = once(this.process, 'exit');
    this.process.kill();
    await ended;
    rmSync(this.folder, { recursive: true });
  }
}
