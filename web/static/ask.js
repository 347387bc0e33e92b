// Asking with the stages shown as they happen. The run goes on when the line
// drops: EventSource comes back with the last event's number and gets the rest.
const stages = ['理解问题', '检索', '阅读', '起草', '核对'];

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
  form.addEventListener('submit', e => { e.preventDefault(); send(form); });
}

async function send(form) {
  const text = form.question.value.trim();
  if (!text || form.dataset.busy) return;
  form.dataset.busy = '1';
  form.send.disabled = true;
  const live = document.getElementById('live');
  show(live, text);
  let reply;
  try {
    reply = await fetch('/chat/asks', {method: 'POST', headers: {Accept: 'application/json'}, body: new URLSearchParams(new FormData(form))});
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
  stages.forEach(s => list.append(element('li', '', s)));
  live.append(h, element('p', 'quiet', '正在办理，可以离开本页，稍后再看。'), list, element('ul', 'found'), element('p', 'streamed'));
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

function follow(form, live, id) {
  const source = new EventSource(`/api/v1/asks/${encodeURIComponent(id)}/events`);
  const on = (kind, fn) => source.addEventListener(kind, e => { if (e.data) fn(JSON.parse(e.data)); });
  let misses = 0;
  on('stage', d => {
    const at = stages.indexOf(d.stage);
    live.querySelectorAll('.stages li').forEach((li, i) => { li.className = at < 0 ? li.className : i < at ? 'done' : i === at ? 'now' : ''; });
  });
  on('hit', d => {
    const list = live.querySelector('.found'), h = d.hit ?? d;
    if (list.children.length < 6) list.append(element('li', '', `《${h.title}》${h.provision ?? ''}`));
  });
  on('delta', d => { live.querySelector('.streamed').textContent += d.delta ?? ''; });
  on('replace', () => { live.querySelector('.streamed').textContent = ''; });
  let conversation = form.conversation.value;
  on('draft', d => { conversation = (d.answer ?? d).conversation_id || conversation; });
  // "error" is also EventSource's own word for a lost line; ours carries data.
  source.addEventListener('error', e => {
    if (e.data) { source.close(); const d = JSON.parse(e.data); failed(form, live, d.error ?? d); return; }
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
  live.querySelectorAll('.stages,.found,.streamed,.quiet').forEach(e => e.remove());
  const note = element('div', 'note stop');
  note.setAttribute('role', 'alert');
  note.append(element('b', '', p.what ?? '操作未完成'), element('p', '', [p.why, p.do].filter(Boolean).join('。')));
  live.append(note);
  ready(form); // what was typed is still in the box
}

function ready(form) {
  delete form.dataset.busy;
  delete form.dataset.sent;
  form.send.disabled = false;
}
