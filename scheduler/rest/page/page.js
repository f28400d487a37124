// The page reads the REST API by relative URLs and polling. It changes nothing.

const content = document.getElementById('content');
const problem = document.getElementById('problem');
const login = document.getElementById('login');
const overviewLine = document.getElementById('overview');
let period = 3000;
let timer = 0;
let turn = 0; // counts pages shown, so that a late answer of another page is dropped

class Unauthorized extends Error {}

async function fetchFrom(path) {
  const secret = sessionStorage.getItem('secret');
  const answer = await fetch(path, { headers: secret ? { Authorization: 'Bearer ' + secret } : {}, cache: 'no-store' });
  if (answer.status === 401) throw new Unauthorized('the secret is required');
  if (!answer.ok) {
    const body = await answer.json().catch(() => ({ errors: [answer.statusText] }));
    throw new Error((body.errors || [answer.statusText]).join('\n'));
  }
  return answer;
}

const get = async path => (await fetchFrom(path)).json();
const getText = async path => (await fetchFrom(path)).text();

const inSVG = new Set(['g', 'rect', 'path', 'text', 'title', 'svg:a']);

// element makes a node: element('td', {class: 'x'}, 'text', child, ...).
function element(name, attributes, ...children) {
  const svg = name === 'svg' || inSVG.has(name);
  const node = svg ? document.createElementNS('http://www.w3.org/2000/svg', name.replace('svg:', '')) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) node.setAttribute(key, value);
  node.append(...children.flat().filter(c => c !== null && c !== undefined));
  return node;
}

const link = (target, text) => element('a', { href: target }, text);
const state = name => element('span', { class: 'state ' + name }, name);
const time = ms => ms > 0 ? new Date(ms).toLocaleString() : '-';

function duration(ms) {
  if (ms < 0) return '-';
  const s = ms / 1000;
  if (s < 60) return s.toFixed(1) + ' s';
  if (s < 3600) return Math.floor(s / 60) + ' min ' + Math.floor(s % 60) + ' s';
  return Math.floor(s / 3600) + ' h ' + Math.floor(s % 3600 / 60) + ' min';
}

function count(n) {
  for (const [unit, size] of [['G', 1e9], ['M', 1e6], ['k', 1e3]]) if (n >= size) return (n / size).toFixed(1) + ' ' + unit;
  return String(Math.round(n));
}

const bytes = n => n >= 2 ** 30 ? (n / 2 ** 30).toFixed(1) + ' GiB' : n >= 2 ** 20 ? (n / 2 ** 20).toFixed(1) + ' MiB' : (n / 1024).toFixed(1) + ' KiB';

function lag(watermark, now) {
  if (!watermark || watermark <= -9e18) return '-';
  return watermark >= 9e18 ? 'end' : duration(Math.max(0, now - watermark));
}

// table makes a table; a column is [title, cell of a row, whether it is a number].
function table(columns, rows, none) {
  if (rows.length === 0) return element('p', { class: 'faint' }, none);
  const attributes = number => number ? { class: 'number' } : {};
  return element('div', { class: 'scroll' }, element('table', {},
    element('thead', {}, element('tr', {}, columns.map(([title, , number]) => element('th', attributes(number), title)))),
    element('tbody', {}, rows.map(r => element('tr', {}, columns.map(([, cell, number]) => element('td', attributes(number), cell(r))))))));
}

async function jobsPage() {
  const { jobs } = await get('jobs/overview');
  const columns = [['Name', j => link('#/jobs/' + j.jid, j.name)], ['Job id', j => element('code', {}, j.jid)], ['State', j => state(j.state)],
    ['Type', j => j.jobType], ['Started', j => time(j['start-time'])], ['Duration', j => duration(j.duration), true],
    ['Tasks', j => j.tasks.running + ' running, ' + j.tasks.finished + ' finished of ' + j.tasks.total, true]];
  const over = j => ['FINISHED', 'CANCELED', 'FAILED'].includes(j.state);
  return [element('h1', {}, 'Jobs'), element('h2', {}, 'Running and waiting'), table(columns, jobs.filter(j => !over(j)), 'No job runs.'),
    element('h2', {}, 'Ended'), table(columns, jobs.filter(over), 'No job has ended lately.')];
}

// It is -1 until it is chosen from the bytes to read.
const parallelism = v => v.parallelism < 0 ? '-' : v.parallelism;

async function jobPage(id) {
  const [job, exceptions] = await Promise.all([get('jobs/' + id), get('jobs/' + id + '/exceptions')]);
  const rows = job.vertices.map(v => ({ v, in: v.rates['records-in'], out: v.rates['records-out'], busy: v.rates.busy * 100,
    pressed: v.rates['back-pressured'] * 100 }));
  const parts = [element('h1', {}, job.name), element('p', {}, state(job.state), ' ', element('code', {}, job.jid), ' ', job['job-type'],
    ', started ' + time(job['start-time']) + ', ' + duration(job.duration),
    job['slots-awaited'] > 0 ? ', waits for ' + job['slots-awaited'] + ' slots' : ''),
    element('div', { class: 'scroll graph', tabindex: 0 }, graph(job, rows)),
    element('h2', {}, 'Vertices'), table([['Name', r => link('#/jobs/' + id + '/' + r.v.id, r.v.name)], ['State', r => state(r.v.status)],
      ['Parallelism', r => parallelism(r.v), true], ['Records in', r => count(r.v.metrics['read-records']), true],
      ['Records out', r => count(r.v.metrics['write-records']), true], ['In/s', r => count(r.in), true], ['Out/s', r => count(r.out), true],
      ['Busy', r => r.busy.toFixed(0) + ' %', true], ['Back-pressured', r => r.pressed.toFixed(0) + ' %', true],
      ['Watermark lag', r => lag(r.v.metrics.watermark, job.now), true]], rows, 'No vertices.'),
    element('h2', {}, 'Exceptions')];
  const entries = exceptions.exceptionHistory.entries;
  if (entries.length === 0) parts.push(element('p', { class: 'faint' }, 'None.'));
  for (const e of entries) {
    parts.push(element('p', {}, time(e.timestamp), ' ', e.taskName || 'the job', ' ', element('span', { class: 'faint' }, e.taskManagerId || '')),
      element('pre', {}, e.stacktrace));
    for (const c of e.concurrentExceptions) {
      parts.push(element('details', {}, element('summary', {}, 'at the same time: ' + (c.taskName || 'the job')), element('pre', {}, c.stacktrace)));
    }
  }
  if (exceptions.exceptionHistory.truncated) parts.push(element('p', { class: 'faint' }, 'There are older ones: ask for more with maxExceptions.'));
  parts.push(element('h2', {}, 'Output'), element('p', {}, link('#/output/' + id + '/stdout', 'standard output'), ', ', link('#/output/' + id + '/stderr', 'logs')));
  return parts;
}

// graph draws the plan: sources at the left, each vertex right of the last of its inputs.
function graph(job, rows) {
  const level = {};
  const nodes = job.plan.nodes;
  for (const n of nodes) level[n.id] = Math.max(-1, ...(n.inputs || []).map(i => level[i.id])) + 1;
  const width = 240, height = 84, across = 340, down = 104;
  const filled = {}, at = {};
  for (const n of nodes) {
    const row = filled[level[n.id]] = (filled[level[n.id]] ?? -1) + 1;
    at[n.id] = { x: 10 + level[n.id] * across, y: 10 + row * down };
  }
  const columns = Math.max(0, ...Object.values(level)) + 1, deepest = Math.max(0, ...Object.values(filled)) + 1;
  const picture = element('svg', { width: columns * across - (across - width) + 20, height: deepest * down, role: 'img', 'aria-label': 'job graph' });
  for (const n of nodes) {
    for (const i of n.inputs || []) {
      const a = at[i.id], b = at[n.id], from = a.x + width, middle = (from + b.x) / 2, y1 = a.y + height / 2, y2 = b.y + height / 2;
      picture.append(element('path', { class: 'edge', d: `M${from} ${y1} C${middle} ${y1} ${middle} ${y2} ${b.x} ${y2}` }),
        element('text', { x: middle, y: (y1 + y2) / 2 - 4, 'text-anchor': 'middle', class: 'label' }, i.ship_strategy));
    }
  }
  for (const n of nodes) {
    const r = rows.find(x => x.v.id === n.id), p = at[n.id];
    if (!r) continue;
    const level = r.pressed > 50 ? 'high' : r.pressed > 10 ? 'low' : '';
    const name = n.description.length > 30 ? n.description.slice(0, 27) + '...' : n.description;
    picture.append(element('svg:a', { href: '#/jobs/' + job.jid + '/' + n.id }, element('title', {}, n.description), element('rect', { class: 'box ' + level, x: p.x, y: p.y, width, height, rx: 6 }),
      element('text', { class: 'title', x: p.x + 8, y: p.y + 18 }, name),
      element('text', { x: p.x + 8, y: p.y + 37 }, r.v.status + ', parallelism ' + parallelism(r.v)),
      element('text', { x: p.x + 8, y: p.y + 55 }, count(r.in) + '/s in, ' + count(r.out) + '/s out'),
      element('text', { x: p.x + 8, y: p.y + 73 }, 'busy ' + r.busy.toFixed(0) + ' %, pressed ' + r.pressed.toFixed(0) + ' %, lag ' + lag(r.v.metrics.watermark, job.now))));
  }
  return picture;
}

async function vertexPage(id, vertex) {
  const [v, pressure] = await Promise.all([get(`jobs/${id}/vertices/${vertex}`), get(`jobs/${id}/vertices/${vertex}/backpressure`)]);
  const share = (s, key) => ((pressure.subtasks[s.subtask]?.[key] ?? 0) * 100).toFixed(0) + ' %';
  return [element('p', {}, link('#/jobs/' + id, 'the job')), element('h1', {}, v.name),
    table([['Sub-task', s => s.subtask, true], ['State', s => state(s.status)], ['Attempt', s => s.attempt, true],
      ['TaskManager', s => link('#/taskmanagers/' + encodeURIComponent(s['taskmanager-id']), s.endpoint)], ['Started', s => time(s['start-time'])],
      ['Duration', s => duration(s.duration), true], ['Records in', s => count(s.metrics['read-records']), true],
      ['Records out', s => count(s.metrics['write-records']), true], ['Busy', s => share(s, 'busyRatio'), true],
      ['Back-pressured', s => share(s, 'ratio'), true], ['Watermark lag', s => lag(s.metrics.watermark, v.now), true]], v.subtasks, 'No sub-tasks yet.')];
}

async function outputPage(id, name) {
  const { parts } = await get(`jobs/${id}/output?name=${name}&offset=-65536`);
  return [element('p', {}, link('#/jobs/' + id, 'the job')), element('h1', {}, name === 'stderr' ? 'Logs of workers' : 'Standard output of workers'),
    parts.map(p => [element('h2', {}, p['taskmanager-id']), element('pre', {}, p.error || decode(p.data) || 'nothing yet')])];
}

const decode = base64 => new TextDecoder().decode(Uint8Array.from(atob(base64 || ''), c => c.charCodeAt(0)));

async function taskManagersPage() {
  const { taskmanagers } = await get('taskmanagers');
  return [element('h1', {}, 'TaskManagers'), table([['Id', t => link('#/taskmanagers/' + encodeURIComponent(t.id), t.id)], ['Host', t => t.host],
    ['Data port', t => t.path], ['Slots', t => t.slotsNumber, true], ['Free', t => t.freeSlots, true], ['Cores', t => t.hardware.cpuCores, true],
    ['Memory', t => bytes(t.hardware.physicalMemory), true], ['Heard of', t => time(t.timeSinceLastHeartbeat)]],
    taskmanagers, 'No TaskManager has registered.')];
}

async function taskManagerPage(id) {
  const path = 'taskmanagers/' + encodeURIComponent(id);
  const [t, files] = await Promise.all([get(path), get(path + '/logs')]);
  return [element('h1', {}, t.id), element('p', {}, `${t.host}, ${t.freeSlots} of ${t.slotsNumber} slots free, version ${t.version}`),
    table([['Heap', m => bytes(m.heapUsed), true], ['Go holds', m => bytes(m.heapCommitted), true], ['May use', m => m.heapMax > 0 ? bytes(m.heapMax) : 'no limit', true],
      ['Collections', m => count(m.garbageCollectors[0]?.count ?? 0), true], ['Collecting', m => duration(m.garbageCollectors[0]?.time ?? 0), true]], [t.metrics], ''),
    element('h2', {}, 'Jobs in its slots'), table([['Job', s => link('#/jobs/' + s.jobId, s.jobId)], ['Tasks', s => s.assignedTasks, true]], t.allocatedSlots, 'None.'),
    element('h2', {}, 'Logs'), table([['File', f => link(`#/taskmanagers/${encodeURIComponent(id)}/${encodeURIComponent(f.name)}`, f.name)],
      ['Size', f => bytes(f.size), true]], files.logs, 'None: it writes to standard error alone (cluster.log-file).')];
}

async function jobManagerPage() {
  const [settings, files] = await Promise.all([get('jobmanager/config'), get('jobmanager/logs')]);
  return [element('h1', {}, 'JobManager'), element('h2', {}, 'Logs'),
    table([['File', f => link('#/jobmanager/' + encodeURIComponent(f.name), f.name)], ['Size', f => bytes(f.size), true]], files.logs, 'It writes to standard error alone.'),
    element('h2', {}, 'Configuration'), table([['Key', s => s.key], ['Value', s => s.value]], settings, 'Nothing is set.')];
}

async function filePage(path, title) {
  const text = await getText(path);
  return [element('h1', {}, title), element('pre', {}, text.slice(-262144) || 'nothing yet')];
}

function choose(parts) {
  const [first, second, third] = parts;
  switch (first) {
    case 'jobs': return third ? vertexPage(second, third) : second ? jobPage(second) : jobsPage();
    case 'output': return outputPage(second, third === 'stderr' ? 'stderr' : 'stdout');
    case 'taskmanagers':
      if (third) return filePage(`taskmanagers/${encodeURIComponent(second)}/logs/${encodeURIComponent(third)}`, third);
      return second ? taskManagerPage(second) : taskManagersPage();
    case 'jobmanager': return second ? filePage('jobmanager/logs/' + encodeURIComponent(second), second) : jobManagerPage();
  }
  return jobsPage();
}

// replace shows other nodes. Of the same page, it leaves what the reader has scrolled, opened, focused or selected.
function replace(nodes, fresh) {
  if (!fresh && !window.getSelection().isCollapsed) return;
  const kept = 'pre, .scroll, details';
  const before = fresh ? [] : [...content.querySelectorAll(kept)].map(e => [e.scrollLeft, e.scrollTop, e.open, e === document.activeElement]);
  const focused = document.activeElement?.getAttribute('href'), top = window.scrollY;
  content.replaceChildren(...nodes);
  if (fresh) return;
  content.querySelectorAll(kept).forEach((e, i) => {
    if (!before[i]) return;
    [e.scrollLeft, e.scrollTop] = before[i];
    if (before[i][2]) e.open = true;
    if (before[i][3]) e.focus({ preventScroll: true });
  });
  if (focused) [...content.querySelectorAll('a')].find(a => a.getAttribute('href') === focused)?.focus({ preventScroll: true });
  window.scrollTo(0, top);
}

async function show(fresh) {
  clearTimeout(timer);
  const mine = fresh ? ++turn : turn;
  const parts = location.hash.replace(/^#\/?/, '').split('/').map(decodeURIComponent);
  try {
    const [nodes, o] = await Promise.all([choose(parts), get('overview')]);
    if (mine !== turn) return;
    replace(nodes.flat(3), fresh);
    for (const a of document.querySelectorAll('nav a')) {
      a.toggleAttribute('aria-current', a.hash === '#/' + (parts[0] === 'output' ? 'jobs' : parts[0] || 'jobs'));
    }
    overviewLine.textContent = `${o.taskmanagers} TaskManagers, ${o['slots-available']} of ${o['slots-total']} slots free, version ${o['leat-version']}`;
    problem.hidden = login.hidden = true;
  } catch (e) {
    if (mine !== turn) return;
    login.hidden = !(e instanceof Unauthorized);
    problem.textContent = e.message;
    problem.hidden = !login.hidden;
  }
  if (!document.hidden && login.hidden) timer = setTimeout(() => show(false), period);
}

login.addEventListener('submit', event => {
  event.preventDefault();
  sessionStorage.setItem('secret', document.getElementById('secret').value.trim());
  show(true);
});
window.addEventListener('hashchange', () => show(true));
document.addEventListener('visibilitychange', () => { if (!document.hidden) show(false); });
get('config').then(c => { period = c['refresh-interval'] || period; }).catch(() => {});
show(true);
