// Keeps what the site knows of the REST API current.
//   node scripts/api.mjs                    makes the types from openapi.json, and checks every address in src against it
//   node scripts/api.mjs URL USER:PASSWORD  reads the description of a running server first, and writes openapi.json anew
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import openapiTS, { astToString } from 'openapi-typescript';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const description = join(root, 'openapi.json');
const types = join(root, 'src', 'api', 'schema.d.ts');
const head = '// Made by scripts/api.mjs from openapi.json; not to be changed by hand.\n\n';

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? sources(join(folder, entry.name)) : /\.tsx?$/.test(entry.name) && !entry.name.endsWith('.d.ts') ? [join(folder, entry.name)] : []));
}

// Every address that is written down in the sources; one with slots may go on where it is put together.
const written = sources(join(root, 'src')).flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/(['"`])(\/(?:data|xapi)\/[^'"`\n]*)/g)].map(([, quote, address]) => ({
  file: relative(root, file), address, isOpen: quote === '`', segments: address.split('?')[0].replace(/\$?\{[^}]*\}/g, '*').split('/').filter(Boolean),
}))).filter(({ segments }) => !segments.some((s) => s.includes('*') && s !== '*'));

function fits(address, { segments, isOpen }) {
  const own = address.split('/').filter(Boolean);
  const takesRest = own.some((s) => s.startsWith('{**') || s === '{path}') && own.length <= segments.length;
  return (isOpen ? own.length >= segments.length : own.length === segments.length) ? segments.every((s, i) => s === '*' || own[i].includes('{') || own[i] === s) : takesRest;
}

// Of the whole description, the addresses that the site uses, with their parameters.
function bare(full) {
  const paths = {};
  for (const address of Object.keys(full.paths).filter((a) => written.some((one) => fits(a, one))).sort()) {
    paths[address] = {};
    for (const [method, operation] of Object.entries(full.paths[address])) {
      if (!['get', 'put', 'post', 'delete'].includes(method)) continue;
      const parameters = (operation.parameters ?? []).map(({ name, in: place, required, schema }) => ({ name, in: place, required: required ?? false, schema: schema ?? { type: 'string' } }));
      paths[address][method] = { parameters, responses: { 200: { description: 'Done.' } } };
    }
  }
  return { openapi: '3.0.4', info: { title: 'Vesalius', version: '1' }, paths };
}

if (process.argv[2]) {
  const answer = await fetch(new URL('/xapi/openapi.json', process.argv[2]), { headers: { Authorization: `Basic ${Buffer.from(process.argv[3]).toString('base64')}` } });
  if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
  writeFileSync(description, `${JSON.stringify(bare(await answer.json()), null, 1)}\n`);
}
writeFileSync(types, head + astToString(await openapiTS(JSON.parse(readFileSync(description, 'utf8')), { alphabetize: true })));

const faults = [];
const known = Object.keys(JSON.parse(readFileSync(description, 'utf8')).paths);
for (const one of written) {
  if (!known.some((address) => fits(address, one))) faults.push(`${one.file}: ${one.address} is no address of the server, or openapi.json is older than it.`);
}
if (faults.length > 0) {
  console.error(faults.join('\n'));
  process.exit(1);
}
console.log(`${written.length} addresses in the sources, all known to the server's description`);
