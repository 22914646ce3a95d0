/** The pages of the git host as HTML text. Pure; every value that comes from outside is escaped. */
import type { Commit, Repository, TreeEntry } from './git-host-model.ts';

/** HTML text that needs no further escaping; only `html` and `raw` make it. */
type Html = { html: string };

const STYLE = `
:root{color-scheme:light dark;--ink:#1b2330;--soft:#5a6577;--line:#d9dee7;--page:#fff;--panel:#f5f7fa;--link:#0b5cad;--add:#e3f6e8;--del:#fde8e8}
@media(prefers-color-scheme:dark){:root{--ink:#e6eaf0;--soft:#9aa6b8;--line:#323b49;--page:#12161d;--panel:#1a202a;--link:#7ab8ff;--add:#12351f;--del:#43191c}}
*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
header,main{max-width:1080px;margin:0 auto;padding:16px 24px}header{border-bottom:1px solid var(--line);display:flex;gap:16px;align-items:baseline;flex-wrap:wrap}
a{color:var(--link);text-decoration:none}a:hover{text-decoration:underline}h1{font-size:20px;margin:8px 0 4px}h2{font-size:16px;margin:24px 0 8px}
.soft{color:var(--soft)}.tag{background:var(--panel);border:1px solid var(--line);border-radius:10px;padding:0 8px;font-size:12px}
table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid var(--line);padding:6px 8px;text-align:left;vertical-align:top}
.box{border:1px solid var(--line);border-radius:6px;overflow:auto}pre,code,.code td{font:13px/1.5 ui-monospace,monospace}
pre{margin:0;padding:12px;white-space:pre-wrap;overflow-wrap:anywhere}.code td{border:0;padding:0 12px;white-space:pre-wrap;overflow-wrap:anywhere}
.code td:first-child{color:var(--soft);text-align:right;user-select:none;width:1%;white-space:nowrap;background:var(--panel)}.add{background:var(--add)}.del{background:var(--del)}
code{background:var(--panel);padding:1px 5px;border-radius:4px}nav{margin:4px 0 12px}`;

const FILE_SHOWN_MAX = 400_000;

/** Escapes text for HTML content and attributes. */
export function escape(text: string): string {
  const names: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replace(/[&<>"']/g, sign => names[sign]!);
}

function html(parts: TemplateStringsArray, ...values: (string | number | Html | Html[])[]): Html {
  const shown = values.map(value => {
    if (Array.isArray(value)) return value.map(item => item.html).join('');
    return typeof value === 'object' ? value.html : escape(String(value));
  });
  return { html: parts.reduce((text, part, index) => text + shown[index - 1]! + part) };
}

function page(title: string, body: Html): string {
  const head = html`<title>${title} · Airpay git</title><style>${{ html: STYLE }}</style>`;
  const bar = html`<header><a href="/"><strong>Airpay git</strong></a><span class="soft">repositories on this machine</span></header>`;
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">${head.html}${bar.html}<main>${body.html}</main></html>`;
}

const link = (parts: string[]) => `/${parts.flatMap(part => part.split('/')).map(encodeURIComponent).join('/')}`;
const day = (iso: string) => html`<time datetime="${iso}" title="${iso}">${iso.slice(0, 16).replace('T', ' ')}</time>`;

/** Every repository, or those of one owner. */
export function listPage(title: string, list: (Repository & { last?: Commit })[]): string {
  const rows = list.map(item => html`<tr><td><a href="${link([item.owner, item.name])}">${item.owner}/<strong>${item.name}</strong></a><br>
    <span class="soft">${item.description || 'No description'}</span> ${item.topics.map(topic => html`<span class="tag">${topic}</span> `)}</td>
    <td class="soft">${item.last === undefined ? html`empty` : html`${item.last.subject}<br>${day(item.last.at)}`}</td></tr>`);
  const table = html`<div class="box"><table><tbody>${rows}</tbody></table></div>`;
  const empty = html`<p class="soft">No repositories yet. Create one from the portal: its templates publish here.</p>`;
  return page(title, html`<h1>${title}</h1>${rows.length === 0 ? empty : table}`);
}

export type Place = { repository: Repository; branch: string; path: string; publicUrl: string };

/** A folder: its entries, the last commit, and its README as text below. */
export function folderPage(place: Place, entries: TreeEntry[], last: Commit, readme: string | undefined): string {
  const { repository: { owner, name } } = place;
  const rows = entries.map(entry => html`<tr><td>${entry.type === 'dir' ? '▸ ' : ''}<a href="${link([owner, name, 'src', 'branch', place.branch, entry.path])}">${entry.name}${entry.type === 'dir' ? '/' : ''}</a></td>
    <td class="soft">${entry.type === 'file' ? size(entry.sizeBytes) : entry.type === 'dir' ? '' : entry.type}</td></tr>`);
  const readmeBox = readme === undefined ? html`` : html`<h2>README</h2><div class="box"><pre>${readme}</pre></div>`;
  return page(`${owner}/${name}`, html`${head(place)}<p class="soft">${last.subject} · ${last.author} · ${day(last.at)} · <a href="${link([owner, name, 'commit', last.sha])}"><code>${last.sha.slice(0, 10)}</code></a></p>
    <div class="box"><table><tbody>${rows}</tbody></table></div>${readmeBox}`);
}

/** A file with line numbers; what is no text or too long is offered as raw only. */
export function filePage(place: Place, entry: TreeEntry, content: Buffer): string {
  const { repository: { owner, name } } = place;
  const rawLink = html`<a href="${link([owner, name, 'raw', 'branch', place.branch, entry.path])}">raw</a>`;
  const binary = content.subarray(0, 8_000).includes(0);
  const lines = content.toString('utf8').replace(/\n$/, '').split('\n');
  const rows = lines.map((line, index) => html`<tr id="L${index + 1}"><td>${index + 1}</td><td>${line}</td></tr>`);
  const body = binary || content.length > FILE_SHOWN_MAX
    ? html`<pre>${binary ? 'Not a text file.' : 'Too long to be shown here.'} Open it as raw.</pre>`
    : html`<table class="code"><tbody>${rows}</tbody></table>`;
  return page(entry.path, html`${head(place)}<p class="soft">${size(entry.sizeBytes)} · ${rawLink}</p><div class="box">${body}</div>`);
}

/** The history of a branch. */
export function commitsPage(place: Place, commits: Commit[]): string {
  const { repository: { owner, name } } = place;
  const rows = commits.map(commit => html`<tr><td><a href="${link([owner, name, 'commit', commit.sha])}">${commit.subject || '(no message)'}</a><br>
    <span class="soft">${commit.author} · ${day(commit.at)}</span></td><td><code>${commit.sha.slice(0, 10)}</code></td></tr>`);
  return page(`Commits of ${owner}/${name}`, html`${head({ ...place, path: '' })}<h2>Commits</h2><div class="box"><table><tbody>${rows}</tbody></table></div>`);
}

/** One commit with what it changed. */
export function commitPage(place: Place, commit: Commit, patch: string): string {
  const lines = patch.slice(0, FILE_SHOWN_MAX).split('\n').map(line => {
    const kind = /^\+(?!\+\+ )/.test(line) ? 'add' : /^-(?!-- )/.test(line) ? 'del' : '';
    return html`<div class="${kind}">${line || ' '}</div>`;
  });
  return page(commit.subject, html`${head({ ...place, path: '' })}<h2>${commit.subject}</h2><p class="soft">${commit.author} &lt;${commit.email}&gt; · ${day(commit.at)} · <code>${commit.sha}</code></p>
    ${commit.body === '' ? html`` : html`<div class="box"><pre>${commit.body}</pre></div>`}<h2>Changes</h2><div class="box"><pre>${lines}</pre></div>`);
}

/** A repository nobody has pushed to, or an error in words. */
export function messagePage(title: string, message: string): string {
  return page(title, html`<h1>${title}</h1><p>${message}</p>`);
}

function head({ repository, branch, path, publicUrl }: Place): Html {
  const { owner, name, description } = repository;
  const parts = path === '' ? [] : path.split('/');
  const base = [owner, name, 'src', 'branch', branch];
  const crumbs = parts.map((part, index) => html` / <a href="${link([...base, ...parts.slice(0, index + 1)])}">${part}</a>`);
  return html`<h1><a href="${link([owner])}">${owner}</a> / <a href="${link(base)}">${name}</a></h1><div class="soft">${description}</div>
    <nav><span class="tag">${branch}</span> <a href="${link([owner, name, 'commits', 'branch', branch])}">commits</a> · <code>git clone ${publicUrl}/${owner}/${name}.git</code></nav>
    ${parts.length === 0 ? html`` : html`<p><a href="${link(base)}">${name}</a>${crumbs}</p>`}`;
}

function size(bytes: number): string {
  if (bytes < 1_024) return `${bytes} B`;
  return bytes < 1_048_576 ? `${(bytes / 1_024).toFixed(1)} KiB` : `${(bytes / 1_048_576).toFixed(1)} MiB`;
}
