// The cited provision beside the text that cites it.
let opener = null;

export async function openSource(link) {
  const panel = document.getElementById('source');
  opener = link;
  let html;
  try {
    const reply = await fetch(link.dataset.source, {headers: {Accept: 'text/html', 'X-Part': 'source'}});
    if (!reply.ok) throw new Error(String(reply.status));
    html = await reply.text();
  } catch {
    location.href = link.href; // the whole page says what is wrong
    return;
  }
  panel.innerHTML = html; // rendered and escaped by the server
  panel.querySelectorAll('[data-close]').forEach(b => b.hidden = false);
  panel.hidden = false;
  document.getElementById('desk')?.classList.add('with-side');
  const record = document.getElementById('record');
  if (record) record.hidden = true;
  document.querySelectorAll('.card-cite[aria-current]').forEach(e => e.removeAttribute('aria-current'));
  link.closest('.card-cite')?.setAttribute('aria-current', 'true');
  panel.querySelector('#cited')?.scrollIntoView({block: 'nearest'});
  panel.focus({preventScroll: true});
  if (record) panel.closest('.side').scrollTop = 0;
}

export function closeSource() {
  const panel = document.getElementById('source');
  if (!panel || panel.hidden) return;
  panel.hidden = true;
  const record = document.getElementById('record');
  if (record) record.hidden = false; else document.getElementById('desk')?.classList.remove('with-side');
  document.querySelectorAll('.card-cite[aria-current]').forEach(e => e.removeAttribute('aria-current'));
  opener?.focus({preventScroll: true});
}
