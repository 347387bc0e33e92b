// The records desk: files are dropped and sent one by one with their progress;
// the table below asks for news while something runs.
const form = document.getElementById('drop');
const batches = document.getElementById('batches');
const sending = document.getElementById('sending');
let timer = 0;

async function news() {
  clearTimeout(timer);
  const focused = document.activeElement?.getAttribute('aria-label');
  const answer = await fetch('/corpus/records?part=1', {credentials: 'same-origin'}).catch(() => null);
  if (answer?.ok && !answer.redirected) {
    batches.innerHTML = await answer.text();
    if (focused) [...batches.querySelectorAll('[aria-label]')].find(e => e.getAttribute('aria-label') === focused)?.focus();
  }
  if (batches.querySelector('[data-state=running]') || !answer?.ok) timer = setTimeout(news, Number(batches.dataset.every));
}

function row(name) {
  const line = document.createElement('p');
  const words = document.createElement('span');
  const bar = document.createElement('progress');
  words.textContent = name + ' 上传中 ';
  bar.max = 100;
  bar.value = 0;
  bar.setAttribute('aria-label', name + ' 的上传进度');
  line.append(words, bar);
  sending.append(line);
  return {progress: p => { bar.value = p; }, end: why => { if (why) { bar.remove(); line.className = 'stop'; words.textContent = name + ' 没有上传：' + why; } else line.remove(); }};
}

function send(file, job, line) {
  return new Promise(resolve => {
    const body = new FormData();
    body.append('scope', form.elements.scope.value);
    if (job) body.append('job_id', job);
    body.append('file', file, file.name);
    const request = new XMLHttpRequest();
    request.open('POST', '/corpus/records');
    request.setRequestHeader('Accept', 'application/json');
    request.upload.onprogress = e => line.progress(e.lengthComputable ? 100 * e.loaded / e.total : 0);
    request.onload = () => {
      let answer = {};
      try { answer = JSON.parse(request.responseText); } catch { /* said below */ }
      resolve(request.status === 202 ? {job: answer.job_id} : {why: answer.why ? answer.why + '；' + answer.do : '服务器没有正确应答，请重试'});
    };
    request.onerror = () => resolve({why: '传送中断，请重试'});
    request.send(body);
  });
}

async function sendAll(files) {
  let job = '';
  const lines = files.map(f => row(f.name));
  for (let i = 0; i < files.length; i++) {
    const got = await send(files[i], job, lines[i]);
    lines[i].end(got.why);
    if (got.job) { job = got.job; news(); }
  }
}

if (form) {
  form.querySelectorAll('[data-script]').forEach(e => { e.hidden = false; });
  form.addEventListener('submit', e => {
    e.preventDefault();
    sending.replaceChildren();
    const files = [...form.elements.file.files];
    form.elements.file.value = '';
    delete form.dataset.sent;
    sendAll(files);
  });
  ['dragenter', 'dragover'].forEach(kind => form.addEventListener(kind, e => { e.preventDefault(); form.classList.add('over'); }));
  ['dragleave', 'drop'].forEach(kind => form.addEventListener(kind, () => form.classList.remove('over')));
  form.addEventListener('drop', e => { e.preventDefault(); sending.replaceChildren(); sendAll([...e.dataTransfer.files]); });
  if (batches.hasAttribute('data-running')) timer = setTimeout(news, Number(batches.dataset.every));
}
