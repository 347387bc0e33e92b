// Asking with the stages shown as they happen. The run goes on when the line
// drops: EventSource comes back with the last event's number and gets the rest.
const stages = ['理解', '检索', '阅读', '起草', '核对'];
const stageOf = words => stages.findIndex(s => (words ?? '').includes(s));

export function startAsking() {
  const form = document.getElementById('ask');
  if (!form) return;
  const running = document.querySelector('[data-running]');
  if (running) {
    const live = document.getElementById('live');
    show(live, running.querySelector('.q').textContent);
    running.hidden = true;
    form.dataset.busy = '1';
    form.send.disabled = true;
    follow(form, live, running.dataset.running);
  }
  const box = form.question;
  box.addEventListener('keydown', e => {
    if (e.key === 'Enter' && !e.shiftKey && !e.isComposing) { e.preventDefault(); form.requestSubmit(); }
  });
  form.addEventListener('submit', e => { e.preventDefault(); send(form, new FormData(form)); });
  // A question asked again goes the same way.
  document.addEventListener('submit', e => {
    if (!e.target.matches('form.again')) return;
    e.preventDefault();
    send(form, new FormData(e.target));
  });
  document.addEventListener('click', e => {
    const link = e.target.closest('[data-copy]');
    if (link) { e.preventDefault(); copy(link); }
  });
}

async function send(form, data) {
  const text = (data.get('question') ?? '').trim();
  if (!text || form.dataset.busy) return;
  form.dataset.busy = '1';
  form.send.disabled = true;
  const live = document.getElementById('live');
  show(live, text);
  let reply;
  try {
    reply = await fetch('/chat/asks', {method: 'POST', headers: {Accept: 'application/json'}, body: new URLSearchParams(data)});
  } catch {
    failed(form, live, {what: '没有发出', why: '连不上服务器', do: '请检查网络后再试'});
    return;
  }
  if (reply.redirected) { location.href = reply.url; return; }
  const answer = await reply.json().catch(() => ({what: '操作未完成', why: '服务器的答复无法识别', do: '请稍后重试'}));
  if (!reply.ok) { failed(form, live, answer); return; }
  follow(form, live, answer.ask_id);
}

function show(live, question) {
  document.querySelector('.talk .empty')?.setAttribute('hidden', '');
  live.replaceChildren();
  const h = element('h2', 'q', question), list = element('ol', 'stages');
  stages.forEach((s, i) => list.append(element('li', i ? '' : 'now', s)));
  live.append(h, element('p', 'quiet', '正在办理，可以离开本页，稍后再看。'), list, element('ul', 'found'), element('p', 'live-acts'), element('p', 'streamed'));
  live.className = 'turn';
  live.hidden = false;
  live.scrollIntoView({block: 'nearest'});
}

function element(name, cls, text) {
  const e = document.createElement(name);
  if (cls) e.className = cls;
  if (text) e.textContent = text;
  return e;
}

const statuses = {in_force: ['ok', '现行有效'], repealed: ['stop', '已失效'], not_yet: ['wait', '尚未施行'], unknown: ['', '效力未注明']};

// found is a passage that is being read, as a card that opens its source beside.
function found(h) {
  const li = element('li'), where = `《${(h.title ?? '').replace(/^《|》$/g, '')}》${h.provision ?? ''}`;
  const q = new URLSearchParams({v: h.version_id, q: [...(h.text ?? '')].slice(0, 300).join(''), p: h.provision ?? ''});
  const a = element('a', '', where);
  a.href = `/corpus/${encodeURIComponent(h.document_id)}?${q}`;
  a.dataset.source = `/source?${q}`;
  const [tone, words] = statuses[h.status] ?? statuses.unknown;
  li.append(a, ' ', element('span', `tag ${tone}`, words), element('blockquote', '', h.text));
  return li;
}

function follow(form, live, id) {
  const source = new EventSource(`/api/v1/asks/${encodeURIComponent(id)}/events`);
  const on = (kind, fn) => source.addEventListener(kind, e => { if (e.data) fn(JSON.parse(e.data)); });
  const stop = element('button', 'small', '停止解答');
  stop.type = 'button';
  stop.addEventListener('click', () => {
    stop.disabled = true;
    fetch(`/chat/asks/${encodeURIComponent(id)}/stop`, {method: 'POST', headers: {Accept: 'application/json'}}).catch(() => { stop.disabled = false; });
  });
  live.querySelector('.live-acts')?.replaceChildren(stop);
  let misses = 0;
  on('started', d => { if (d.whole) live.querySelector('.quiet').textContent = `按完整问题检索：${d.whole}`; });
  on('stage', d => {
    const at = stageOf(d.stage);
    if (at >= 0) live.querySelectorAll('.stages li').forEach((li, i) => { li.className = i < at ? 'done' : i === at ? 'now' : ''; });
  });
  on('hit', d => {
    const list = live.querySelector('.found');
    if (list && list.children.length < 6) list.append(found(d.hit ?? d));
  });
  on('replace', () => { live.querySelector('.streamed').textContent = ''; });
  let conversation = form.conversation.value;
  on('draft', d => { conversation = (d.answer ?? d).conversation_id || conversation; });
  // "error" is also EventSource's own word for a lost line; ours carries data.
  source.addEventListener('error', e => {
    if (e.data) { source.close(); const d = JSON.parse(e.data); failed(form, live, d.error ?? d, id); return; }
    if (source.readyState === EventSource.CLOSED || ++misses > 20) { source.close(); failed(form, live, {what: '与服务器的联系中断', why: '', do: '答复会保存在“我的提问”里，请稍后刷新'}); }
  });
  source.addEventListener('open', () => { misses = 0; });
  on('done', async () => { source.close(); await finish(form, live, conversation); });
}

// finish puts the page that the server renders in place of what was streamed.
async function finish(form, live, conversation) {
  const href = `/chat/${conversation}`;
  const reply = await fetch(href);
  if (!reply.ok || conversation === '' ) { location.href = '/chat'; return; }
  const page = new DOMParser().parseFromString(await reply.text(), 'text/html');
  document.getElementById('turns').replaceWith(page.getElementById('turns'));
  document.querySelector('.list').replaceWith(page.querySelector('.list'));
  if (matchMedia('(max-width:760px)').matches) document.querySelectorAll('.fold-narrow').forEach(d => d.open = false);
  document.title = page.title;
  history.replaceState(null, '', href);
  live.hidden = true;
  form.question.value = '';
  form.question.placeholder = page.getElementById('question').placeholder;
  form.conversation.value = conversation;
  ready(form);
  const last = document.querySelector('#turns .turn:last-child');
  last?.scrollIntoView({block: 'start'});
}

function failed(form, live, p) {
  live.querySelectorAll('.stages,.found,.streamed,.quiet,.live-acts').forEach(e => e.remove());
  const note = element('div', 'note stop');
  note.setAttribute('role', 'alert');
  note.append(element('b', '', p.what ?? '操作未完成'), element('p', '', [p.why, p.do].filter(Boolean).join('。')));
  const again = element('button', 'small', '重新解答'), question = live.querySelector('.q')?.textContent ?? '';
  again.type = 'button';
  again.addEventListener('click', () => {
    if (!form.question.value.trim()) form.question.value = question;
    form.requestSubmit();
  });
  if (question) note.append(again);
  live.append(note);
  ready(form); // what was typed is still in the box
}

function ready(form) {
  delete form.dataset.busy;
  delete form.dataset.sent;
  form.send.disabled = false;
}

// copy puts the answer with its citations on the clipboard. Over plain http
// browsers offer only the old way.
async function copy(link) {
  const say = words => { const was = link.dataset.was ??= link.textContent; link.textContent = words; setTimeout(() => { link.textContent = was; }, 2000); };
  try {
    const reply = await fetch(link.href);
    if (!reply.ok) throw new Error(String(reply.status));
    const text = await reply.text();
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    else {
      const box = element('textarea', 'visually-hidden', text);
      document.body.append(box);
      box.select();
      document.execCommand('copy');
      box.remove();
    }
    say('已复制');
  } catch {
    location.href = link.href; // as a file instead
  }
}
