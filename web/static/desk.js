// The reviewer's desk: what is typed is kept as it is typed, and the review
// after this one is a key away. Without script the forms work as they are.
const wait = 600;

function fields(form) {
  const data = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (typeof value === 'string' && name !== 'drop') data.set(name, value);
  }
  // Fields outside the form that belong to it, and those that were emptied.
  for (const e of form.elements) if (e.name && e.type !== 'radio' && e.type !== 'checkbox' && !data.has(e.name)) data.set(e.name, '');
  data.set('form', form.dataset.keep);
  return data;
}

export function keepTyping() {
  for (const form of document.querySelectorAll('form[data-keep]')) {
    let timer = 0, gone = false;
    const note = document.querySelector(`[data-kept="${form.dataset.keep}"]`);
    const send = keepalive => {
      clearTimeout(timer);
      timer = 0;
      if (gone) return Promise.resolve();
      return fetch(form.dataset.to, {method: 'POST', body: fields(form), keepalive, headers: {'Content-Type': 'application/x-www-form-urlencoded'}})
        .then(r => { if (note) note.textContent = r.ok ? '已暂存' : '没有暂存，请勿关闭页面'; })
        .catch(() => { if (note) note.textContent = '没有暂存，请勿关闭页面'; });
    };
    const later = () => { clearTimeout(timer); timer = setTimeout(() => send(false), wait); };
    form.addEventListener('input', later);
    form.addEventListener('change', later);
    // Radios outside the form belong to it by their form attribute.
    document.addEventListener('change', e => { if (e.target.form === form) later(); });
    form.addEventListener('submit', () => { gone = true; clearTimeout(timer); });
    addEventListener('pagehide', () => { if (timer) send(true); });
  }
}
