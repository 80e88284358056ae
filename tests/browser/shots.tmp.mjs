import { chromium } from 'playwright-core';
const [,, report, out, ...list] = process.argv;
const b = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--headless','--no-sandbox','--disable-gpu'] });
for (const item of list) {
  const [file, width, scheme, clip, name] = item.split(',');
  const p = await b.newPage({ viewport: { width: +width, height: +(clip || 900) }, colorScheme: scheme });
  await p.goto('file://' + report + '/' + file);
  await p.screenshot({ path: `${out}/${name}.png`, fullPage: !clip });
  await p.close();
}
await b.close();
