// Measures the site in a browser: node site.mjs ROOT PORT SESSIONS ROUNDS
import { createRequire } from 'node:module';
import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { join } from 'node:path';

const [root, port, sessions, rounds] = [process.argv[2], process.argv[3], Number(process.argv[4]), Number(process.argv[5])];
const { chromium } = createRequire(join(root, 'web', 'package.json'))('playwright-core');
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
const page = await (await browser.newContext({ baseURL: `http://127.0.0.1:${port}`, viewport: { width: 1280, height: 800 } })).newPage();
await page.goto('/');
await page.getByLabel('User name').fill('admin');
await page.locator('input[name=password]').fill('bench-admin');
await page.getByRole('button', { name: 'Sign in' }).click();
await page.getByRole('navigation', { name: 'Main' }).waitFor();

const rows = '[role=table][aria-label=Sessions] a';
const cold = [];
for (let i = 0; i < rounds; i++) {
  const begin = Date.now();
  await page.goto('/projects/BENCH', { waitUntil: 'commit' });
  await page.locator(rows).first().waitFor();
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  cold.push(Date.now() - begin);
}
const all = Date.now();
await page.locator(`[role=table][aria-label=Sessions][aria-rowcount="${sessions + 1}"]`).waitFor({ timeout: 60_000 });
const whole = Date.now() - all + cold.at(-1);

const scroll = await page.evaluate(async () => {
  const table = document.querySelector('[role=table][aria-label=Sessions]');
  const gaps = [];
  let last = performance.now();
  for (let i = 0; i < 300; i++) {
    table.scrollTop += 400;
    await new Promise((done) => requestAnimationFrame(done));
    const now = performance.now();
    gaps.push(now - last);
    last = now;
  }
  gaps.sort((a, b) => a - b);
  return { perSecond: (1000 * gaps.length) / gaps.reduce((a, b) => a + b, 0), worst: gaps.at(-1), slow: gaps[Math.floor(gaps.length * 0.95)] };
});

const places = [['/prearchive', 'Prearchive'], ['/upload', 'Upload'], ['/search', 'Search'], ['/', 'Projects'], ['/projects/BENCH', 'BENCH']];
const changes = new Map();
for (let i = 0; i < rounds + 1; i++) {
  for (const [address, heading] of places) {
    const took = await page.evaluate(async ([address, heading]) => {
      const begin = performance.now();
      history.pushState({}, '', address);
      dispatchEvent(new PopStateEvent('popstate', { state: history.state }));
      while (document.querySelector('h2')?.textContent !== heading) await new Promise((done) => requestAnimationFrame(done));
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      return performance.now() - begin;
    }, [address, heading]);
    // The first visit fetches the page's own code as well.
    changes.set(i === 0 ? `${address} (first)` : address, [...(changes.get(i === 0 ? `${address} (first)` : address) ?? []), took]);
  }
}
await browser.close();

const assets = join(root, 'web', 'dist', 'site', 'assets');
const zipped = (name) => gzipSync(readFileSync(join(assets, name)), { level: 9 }).length;
const files = readdirSync(assets).filter((name) => /\.(js|css)$/.test(name));
const index = readFileSync(join(root, 'web', 'dist', 'index.html'), 'utf8');
const first = files.filter((name) => index.includes(name));
const sum = (names) => Math.round(names.reduce((total, name) => total + zipped(name), 0) / 1000);
const line = (what, value, bound) => console.log(`| ${what} | ${value} | ${bound} |`);
console.log('| what | measured | bound |\n|---|---|---|');
line(`first rows of ${sessions.toLocaleString('en-GB')} sessions, page loaded anew (ms)`, median(cold), '1,000');
line('all rows there (ms)', whole, '');
line('frames per second while scrolling', scroll.perSecond.toFixed(0), '60');
line('95 % of frames within (ms)', scroll.slow.toFixed(1), '');
for (const [address, took] of changes) line(`to ${address} (ms)`, median(took).toFixed(0), '200');
line('script and style of the first page, gzip (kB)', sum(first), '');
const editor = files.filter((name) => name.startsWith('ScriptEditor'));
line('all pages, without viewer and script editor, gzip (kB)', sum(files.filter((name) => !editor.includes(name))), '400');
line('the script editor, with the first script, gzip (kB)', sum(editor), '');
