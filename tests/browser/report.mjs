// Opens the report in a real browser: every page, every link, sorting, filtering, both widths, light and dark, three languages.
//
//   node report.mjs [SCREENSHOTS]
//
// SABYR names the program (default: target/debug/sabyr), CHROMIUM the browser (default: /usr/bin/chromium).

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const sabyr = path.resolve(process.env.SABYR ?? path.join(root, 'target/debug/sabyr'));
const screens = process.argv[2] && path.resolve(process.argv[2]);
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'sabyr-report-'));
let passed = 0;
let failed = 0;

function check(holds, what, detail = '') {
  if (holds) passed += 1;
  else {
    failed += 1;
    console.log(`FAIL ${what} ${detail}`);
  }
}

function none(list, what) {
  check(list.length === 0, what, `(${list.length}) ${list.slice(0, 5).join(' | ')}`);
}

function score(name, input, more = []) {
  const out = path.join(work, name);
  const args = ['score', input, '--agent-domain', 'sabyr-demo.kz', '--out', out, '--quiet', '--max-quarantine', '100%'];
  execFileSync(sabyr, [...args, ...more], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  return path.join(out, 'report');
}

function pages(report) {
  return fs.readdirSync(report, { recursive: true }).filter((f) => f.endsWith('.html')).sort();
}

// A conversation for each awkward agent id.
function hostile() {
  const ids = ['../../x', '=cmd|calc', '<script>alert(1)</script>', 'ә'.repeat(300), 'con', '"><img src=x onerror=alert(2)>', ' '];
  const turns = [
    ['customer', 'I am really worried, <b>my card</b> was blocked & nobody helps'],
    ['agent', 'I am so sorry, that must be worrying. <script>alert(3)</script> I can send you a new one by Friday.'],
    ['customer', 'Thank you'],
    ['agent', 'Is there anything else I can help you with? Thank you for calling, goodbye!'],
  ].map(([speaker, text]) => ({ speaker, text }));
  const lines = ids.flatMap((agent_id, i) =>
    [0, 1].map((k) => JSON.stringify({ id: `${agent_id.slice(0, 40)}-${i}-${k}`, channel: 'chat', agent_id, turns })));
  lines.push('{"id": "<script>alert(4)</script>", broken', JSON.stringify({ id: 'empty', turns: [] }));
  const file = path.join(work, 'hostile.jsonl');
  fs.writeFileSync(file, lines.join('\n') + '\n');
  return file;
}

// Eleven nights of the demo calls, of which the last one is `data/night`: each of the others lacks a quarter of the calls.
function nights() {
  const history = path.join(work, 'history');
  const lines = fs.readFileSync(path.join(root, 'data/night/calls.jsonl'), 'utf8').trim().split('\n');
  for (let day = 9; day < 20; day += 1) {
    const file = path.join(work, 'calls.jsonl');
    fs.writeFileSync(file, lines.filter((_, i) => (i * 7 + day) % 4 !== 0).join('\n') + '\n');
    score('before', file, ['--history', history, '--date', `2026-11-${String(day).padStart(2, '0')}`, '--no-report', '--no-workbook']);
  }
  const trust = path.join(work, 'trust.json');
  const labels = ['like_reviewers', 'substantial', 'moderate', 'not_alone', 'unknown', 'moderate'];
  const criteria = ['patience', 'empathy', 'positive_language', 'proper_closing', 'attentiveness', 'politeness'].map((criterion, i) => ({
    criterion, label: labels[i], says: 'in English', n: 60 - i, basis: 'all', kappa: i === 4 ? null : 0.6, low: i === 4 ? null : 0.42,
    high: i === 4 ? null : 0.77, reviewers_n: 0, reviewers_kappa: null,
  }));
  fs.writeFileSync(trust, JSON.stringify({
    layout: 1, lexicon: 'other', scorecard_hash: 'other', marked_from: '2026-11-01', marked_to: '2026-11-05', reviewers: 2,
    conversations: 60, seed: 1, criteria,
  }));
  const notes = path.join(work, 'notes.csv');
  fs.writeFileSync(notes, 'id,criterion,reviewer,kind,text\ncall-010,empathy,<b>rita</b>,dispute,"<script>alert(5)</script> is missing"\n' +
    'call-010,empathy,olga,accepted,\ncall-015,,rita,comment,calm to the end\n');
  return ['--history', history, '--date', '2026-11-20', '--trust', trust, '--review', notes];
}

// What every page must be, seen from within.
function inspect() {
  const out = { structure: [], links: [], overflow: document.documentElement.scrollWidth > window.innerWidth };
  const need = (holds, what) => holds || out.structure.push(what);
  need(document.querySelectorAll('h1').length === 1, 'one h1');
  need(document.querySelectorAll('main').length === 1 && document.querySelector('header, footer'), 'landmarks');
  need(document.title.length > 3, 'a title');
  document.querySelectorAll('table').forEach((t) => need(t.caption?.textContent.trim(), 'a caption'));
  document.querySelectorAll('th').forEach((t) => need(t.scope, `a scope on ${t.textContent}`));
  document.querySelectorAll('figure').forEach((f) => need(f.querySelector('figcaption')?.textContent.trim(), 'a figcaption'));
  document.querySelectorAll('svg').forEach((s) => need(s.getAttribute('aria-hidden') === 'true' && !s.querySelector('a:not([tabindex="-1"])'), 'plots apart from the reading order'));
  document.querySelectorAll('section[aria-labelledby]').forEach((s) => need(document.getElementById(s.getAttribute('aria-labelledby')), 'a label'));
  const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
  need(new Set(ids).size === ids.length, `ids apart: ${ids.filter((x, i) => ids.indexOf(x) !== i)}`);
  document.querySelectorAll('a[href]').forEach((a) => out.links.push(a.href.baseVal === undefined ? a.href : new URL(a.href.baseVal, location).href));
  return out;
}

// Texts whose contrast with what is behind them is under 4.5.
function faint() {
  const parse = (c) => (c.match(/[\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => {
    const f = (v) => ((v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b);
  };
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] > 0.99) return c;
    }
    return matchMedia('(prefers-color-scheme: dark)').matches ? [18, 18, 18] : [255, 255, 255];
  };
  const out = new Set();
  document.querySelectorAll('body *').forEach((e) => {
    const says = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!says || !e.getClientRects().length || ['SCRIPT', 'STYLE', 'title'].includes(e.tagName)) return;
    const style = getComputedStyle(e);
    const a = light(parse(e instanceof SVGElement ? style.fill : style.color));
    const b = light(behind(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) out.add(`${e.tagName}.${e.className.baseVal ?? e.className} ${ratio.toFixed(1)} "${e.textContent.trim().slice(0, 20)}"`);
  });
  return [...out];
}

// Words of the interface in Latin letters, outside what comes from the input.
function latin() {
  const allowed = /--[a-z-]+( \d+)?|\b[a-z]+\.(csv|md|json)\b|\bSabyr\b|UTF-8|windows-1251|\bn\b/g;
  const out = new Set();
  const look = (text, where) => {
    const found = text.replace(allowed, '').match(/[A-Za-z]{2,}/g);
    if (found) out.add(`${where}: ${found.join(' ')}`);
  };
  const input = (e) => {
    const at = e?.closest('[translate]');
    return at?.getAttribute('translate') === 'no';
  };
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let n = walk.nextNode(); n; n = walk.nextNode()) {
    const e = n.parentElement;
    if (!['SCRIPT', 'STYLE'].includes(e.tagName) && !input(e)) look(n.data, e.tagName);
  }
  document.querySelectorAll('[aria-label], [title], [placeholder]').forEach((e) => {
    for (const name of ['aria-label', 'title', 'placeholder']) if (e.hasAttribute(name)) look(e.getAttribute(name), `@${name}`);
  });
  return [...out];
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});

try {
  console.log(`browser ${browser.version()}`);
  const told = nights();
  const reports = {
    en: score('en', 'data/night', told),
    ru: score('ru', 'data/night', [...told, '--report-language', 'ru']),
    kk: score('kk', 'data/night', [...told, '--report-language', 'kk']),
    hostile: score('hostile', hostile()),
  };

  for (const [name, report] of Object.entries(reports)) {
    const errors = [];
    const requests = [];
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, colorScheme: 'light' });
    const page = await context.newPage();
    page.on('console', (m) => ['error', 'warning'].includes(m.type()) && errors.push(m.text()));
    page.on('pageerror', (e) => errors.push(String(e)));
    page.on('dialog', (d) => { errors.push(`dialog ${d.message()}`); d.dismiss(); });
    page.on('request', (r) => r.url().startsWith('file://') || r.url().startsWith('data:') || requests.push(r.url()));
    const all = pages(report);
    check(all.length > 3, `${name}: pages`, `${all.length}`);
    const linked = new Set([path.join(report, 'index.html')]);
    const anchors = new Map();
    const wanted = [];
    const found = { structure: [], overflow: [], faint: [], latin: [], ids: [] };
    for (const file of all) {
      const url = pathToFileURL(path.join(report, file)).href;
      await page.goto(url);
      for (const width of [1280, 390]) {
        await page.setViewportSize({ width, height: 900 });
        const seen = await page.evaluate(inspect);
        if (seen.overflow) found.overflow.push(`${file} at ${width}`);
        if (width !== 1280) continue;
        found.structure.push(...seen.structure.map((s) => `${file}: ${s}`));
        for (const link of seen.links) wanted.push([file, link]);
      }
      await page.setViewportSize({ width: 1280, height: 900 });
      anchors.set(path.join(report, file), new Set(await page.evaluate(() => [...document.querySelectorAll('[id]')].map((e) => e.id))));
      if (name === 'ru' || name === 'kk') {
        found.latin.push(...(await page.evaluate(latin)).map((t) => `${file} ${t}`));
        if ((await page.evaluate(() => document.documentElement.lang)) !== name) found.structure.push(`${file}: lang`);
      }
    }
    const broken = [];
    for (const [file, link] of wanted) {
      const url = new URL(link);
      const target = url.protocol === 'file:' ? fileURLToPath(new URL(url.pathname, 'file://')) : '';
      if (!target || !fs.existsSync(target)) broken.push(`${file} -> ${link}`);
      else {
        linked.add(target);
        if (url.hash && !anchors.get(target)?.has(decodeURIComponent(url.hash.slice(1)))) broken.push(`${file} -> ${link}`);
      }
    }
    none(found.structure, `${name}: structure`);
    none(found.overflow, `${name}: nothing scrolls sideways`);
    none(broken, `${name}: links lead somewhere (${wanted.length})`);
    none(all.filter((f) => !linked.has(path.join(report, f))), `${name}: every page is linked`);
    none(found.latin, `${name}: no untranslated words`);
    none(errors, `${name}: no errors`);
    none(requests, `${name}: no requests`);

    // What is told beside the scores.
    const sections = await page.goto(pathToFileURL(path.join(report, 'index.html')).href)
      .then(() => page.evaluate(() => [...document.querySelectorAll('main section[id]')].map((e) => e.id)));
    check(sections[0] === 'attention', `${name}: begins with what to look at`, sections.join());
    check(sections.includes('team-history') === (name !== 'hostile'), `${name}: the team's nights`, sections.join());
    if (name !== 'hostile') {
      check(await page.locator('#attention tbody tr').count() > 0, `${name}: alerts`);
      await page.goto(pathToFileURL(path.join(report, 'agents/ruslan.html')).href);
      const own = await page.evaluate(() => [...document.querySelectorAll('main section[id]')].map((e) => e.id));
      check(['history', 'habits'].every((s) => own.includes(s)), `${name}: sections of an agent`, own.join());
      check(await page.locator('#history svg').count() >= 2, `${name}: control charts`);
      check(await page.locator('.notes li').count() === 3, `${name}: notes of reviewers`);
      check((await page.locator('.notes li').first().textContent()).includes('<script>alert(5)'), `${name}: notes are shown as they are`);
      check(/0[.,]42/.test(await page.locator('#scores tbody').textContent()), `${name}: how far scores may be trusted`);
    }

    // The table of agents.
    await page.goto(pathToFileURL(path.join(report, 'index.html')).href);
    const table = page.locator('#agents table');
    const column = (i) => table.evaluate((t, i) => [...t.tBodies[0].rows].filter((r) => !r.hidden)
      .map((r) => (r.cells[i].dataset.v === undefined ? r.cells[i].textContent.trim() : Number(r.cells[i].dataset.v))), i);
    const sorted = (list, up) => list.every((v, i) => i === 0 || (up ? list[i - 1] <= v : list[i - 1] >= v));
    check(sorted(await column(2), false), `${name}: begins sorted by the overall score`);
    await table.locator('th button').nth(4).click();
    check(sorted(await column(4), false) && (await table.locator('th').nth(4).getAttribute('aria-sort')) === 'descending', `${name}: sorts down`);
    await table.locator('th button').nth(4).focus();
    await page.keyboard.press('Enter');
    check(sorted(await column(4), true) && (await table.locator('th').nth(4).getAttribute('aria-sort')) === 'ascending', `${name}: sorts up by keyboard`);
    check((await table.locator('th[aria-sort]').count()) === 1, `${name}: sorted by one column`);
    const before = (await column(0)).length;
    const word = name === 'hostile' ? '<script>' : 'tom';
    await page.locator('#agents input[type=search]').fill(word);
    const left = await column(0);
    check(left.length >= 1 && left.length < before && left.every((t) => t.toLowerCase().includes(word)), `${name}: filters`, left.join());
    check((await page.locator('#agents [role=status]').textContent()).includes(String(before)), `${name}: says how many rows`);
    await page.locator('#agents input[type=search]').fill('');
    check((await column(0)).length === before, `${name}: shows all again`);
    await page.keyboard.press('Tab');
    check(await page.evaluate(() => document.activeElement !== document.body), `${name}: goes on by keyboard`);

    // The points of one criterion.
    const conversation = all.find((f) => f.startsWith('conversations'));
    await page.goto(pathToFileURL(path.join(report, conversation)).href);
    const visible = () => page.locator('.points > li:visible').count();
    const points = await visible();
    await page.locator('fieldset.only input').nth(1).check();
    const fewer = await visible();
    check(points > fewer && fewer > 0, `${name}: shows the points of one criterion`, `${points} ${fewer}`);
    await page.locator('fieldset.only input').first().check();
    check((await visible()) === points, `${name}: shows all points again`);
    // base + won + lost = score in every row.
    const number = (s) => Number(s.replace('\u2212', '-').replace(',', '.').replace(/[=+\s]/g, ''));
    const rows = await page.locator('#sums tbody tr').evaluateAll((rows) => rows.map((r) => [...r.cells].map((c) => c.textContent)));
    const sums = rows.filter((r) => r[4].startsWith('='));
    check(sums.length > 0 && sums.every((r) => Math.abs(number(r[1]) + number(r[2]) + number(r[3]) - number(r[4])) < 0.21), `${name}: sums add up`, JSON.stringify(sums));
    await context.close();
  }

  // Contrast, screenshots, paper.
  const kinds = {
    index: 'index.html',
    agent: 'agents/ruslan.html',
    conversation: pages(reports.en).find((f) => f.startsWith('conversations/call-')),
    quarantine: 'quarantine.html',
  };
  for (const colorScheme of ['light', 'dark']) {
    for (const width of [1280, 390]) {
      const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
      const page = await context.newPage();
      for (const [kind, file] of Object.entries(kinds)) {
        await page.goto(pathToFileURL(path.join(reports.en, file)).href);
        none(await page.evaluate(faint), `${kind} ${width} ${colorScheme}: contrast`);
        if (screens) {
          fs.mkdirSync(screens, { recursive: true });
          await page.screenshot({ path: path.join(screens, `${kind}-${width}-${colorScheme}.png`), fullPage: true });
        }
      }
      await context.close();
    }
  }
  for (const language of ['ru', 'kk']) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme: 'light' });
    for (const [kind, file] of Object.entries(kinds)) {
      await page.goto(pathToFileURL(path.join(reports[language], file)).href);
      if (screens) await page.screenshot({ path: path.join(screens, `${kind}-${language}.png`), fullPage: true });
    }
    await page.close();
  }
  {
    const page = await browser.newPage({ viewport: { width: 688, height: 970 }, colorScheme: 'dark' });
    for (const [kind, file] of Object.entries(kinds)) {
      await page.goto(pathToFileURL(path.join(reports.en, file)).href);
      await page.emulateMedia({ media: 'print' });
      check(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth + 1), `${kind}: fits on A4`);
      none(await page.evaluate(faint), `${kind}: contrast on paper`);
      const pdf = await page.pdf({ format: 'A4', preferCSSPageSize: true, path: screens && path.join(screens, `${kind}.pdf`) });
      check(pdf.subarray(0, 4).toString() === '%PDF' && pdf.length > 5000, `${kind}: prints`);
      await page.emulateMedia({ media: null });
    }
    await page.close();
  }
  {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(pathToFileURL(path.join(reports.en, 'index.html')).href);
    check((await page.locator('#agents tbody tr').count()) === 10 && (await page.locator('#agents a').first().isVisible()), 'works without JavaScript');
    await context.close();
  }
  const bare = score('bare', 'data/night', ['--no-report']);
  check(!fs.existsSync(bare), '--no-report writes none');
  const no_pages = score('no-pages', 'data/night', ['--report-pages', '0']);
  check(pages(no_pages).every((f) => !f.startsWith('conversations')) && pages(no_pages).length === 12, '--report-pages 0', pages(no_pages).join());
} finally {
  await browser.close();
  fs.rmSync(work, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
