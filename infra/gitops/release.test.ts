import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { overlaysOf, release, withDigest } from './release.ts';

const NEW = `sha256:${'5a'.repeat(32)}`;
const OLD = `sha256:${'0'.repeat(64)}`;
const overlay = (line = `digest: ${OLD}`) => `# why\nkind: Kustomization\nimages:\n  # Written by the release.\n  - name: shop\n    newName: registry/shop\n    ${line}\n  - name: other\n    digest: sha256:${'1'.repeat(64)}\npatches: [] # kept\n`;

describe('release', () => {
  const root = mkdtempSync(path.join(tmpdir(), 'release-'));
  after(() => rmSync(root, { recursive: true }));
  const place = (name: string, text: string) => {
    const folder = path.join(root, 'apps/shop/overlays', name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'kustomization.yaml'), text);
    return path.join(folder, 'kustomization.yaml');
  };

  it('changes the digest of the app and no other byte', () => {
    assert.equal(withDigest(overlay(), 'shop', NEW), overlay().replace(OLD, NEW));
  });

  it('writes the same digest to every overlay, and nothing the second time', () => {
    const files = ['dev', 'region-a', 'region-b'].map(name => place(name, overlay()));
    assert.deepEqual(release('shop', NEW, root), files);
    for (const file of files) assert.match(readFileSync(file, 'utf8'), new RegExp(NEW));
    assert.deepEqual(release('shop', NEW, root), []);
  });

  it('writes nothing at all when one overlay cannot take it', () => {
    const good = place('dev', overlay());
    place('region-a', overlay('newTag: latest'));
    assert.throws(() => release('shop', NEW, root), /region-a.*by digest, not by tag/);
    assert.equal(readFileSync(good, 'utf8'), overlay());
  });

  it('refuses a digest of zeros, a tag, an app that is not there and a name that leads elsewhere', () => {
    for (const bad of [OLD, 'v1.2.3', 'sha256:abc', `${NEW}\n`]) assert.throws(() => withDigest(overlay(), 'shop', bad), /is no digest/);
    assert.throws(() => withDigest(overlay(), 'till', NEW), /exactly once/);
    assert.throws(() => overlaysOf('till', root), /there is no apps\/till/);
    assert.throws(() => overlaysOf('../shop', root), /no name of an app/);
  });

  it('finds dev and both regions of the ledger', () => {
    assert.deepEqual(overlaysOf('ledger').map(file => path.basename(path.dirname(file))), ['dev', 'region-a', 'region-b']);
  });
});
