// The keyboard, and the modules that a page asks for. Without this file every
// page still does its work.
import {openSource, closeSource} from './source.js';
import {startAsking} from './ask.js';
import {keepTyping} from './desk.js';

const items = () => [...document.querySelectorAll('[data-item]')].filter(e => e.offsetParent !== null && !e.closest('.list'));
let here = -1;

function select(step) {
  const all = items();
  if (!all.length) return;
  const now = all.findIndex(e => e.hasAttribute('aria-current'));
  here = Math.max(0, Math.min(all.length - 1, now < 0 ? (step > 0 ? 0 : all.length - 1) : now + step));
  all.forEach(e => e.removeAttribute('aria-current'));
  all[here].setAttribute('aria-current', 'true');
  all[here].scrollIntoView({block: 'nearest'});
}

const current = () => items().find(e => e.hasAttribute('aria-current'));

function score(n) {
  const target = current()?.matches('[data-vote]') ? current() : document.getElementById('overall');
  const radio = target?.querySelectorAll('.scores input')[n - 1];
  if (radio) { radio.checked = true; radio.focus(); radio.scrollIntoView({block: 'nearest'}); }
}

const places = {q: '/chat', r: '/reviews', l: '/ledger', d: '/corpus'};
let going = 0;

function press(e) {
  if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing) return;
  const typing = e.target.closest('input:not([type=radio]):not([type=checkbox]),textarea,select');
  if (e.key === 'Escape') {
    if (typing) typing.blur(); else closeSource();
    return;
  }
  if (typing || e.target.closest('dialog')) return;
  const key = e.key;
  if (Date.now() - going < 1200 && places[key]) { location.href = places[key]; e.preventDefault(); return; }
  going = 0;
  const act = {
    '?': () => document.getElementById('keys')?.showModal(),
    g: () => { going = Date.now(); },
    j: () => select(1), k: () => select(-1),
    o: () => (current() ?? document).querySelector('[data-source]')?.click(),
    c: () => (current() ?? document).querySelector('textarea,input[type=text]')?.focus(),
    e: () => document.querySelector('[data-key=e]')?.click(),
    s: () => document.querySelector('[data-key=s]')?.click(),
    n: () => { const a = document.querySelector('[data-key=n]'); a ? a.click() : location.href = '/chat'; },
  }[key];
  if (act) { act(); e.preventDefault(); return; }
  if (key >= '1' && key <= '5') { score(Number(key)); return; }
  if (key === 'Enter' && !e.target.closest('a,button,summary')) current()?.querySelector('[data-open],a')?.click();
}

document.addEventListener('keydown', press);

// The source beside: a citation opens its provision without leaving the page.
document.addEventListener('click', e => {
  const link = e.target.closest('[data-source]');
  if (link && !e.ctrlKey && !e.metaKey && !e.shiftKey && document.getElementById('source')) {
    e.preventDefault();
    openSource(link);
  }
  if (e.target.closest('[data-close]')) closeSource();
});

// A form goes once: a second click while the first is on its way does nothing.
document.addEventListener('submit', e => {
  if (e.defaultPrevented || e.target.method !== 'post') return;
  if (e.target.dataset.sent) { e.preventDefault(); return; }
  e.target.dataset.sent = '1';
});
addEventListener('pageshow', () => document.querySelectorAll('form[data-sent]').forEach(f => delete f.dataset.sent));

// Menus close when one clicks elsewhere; narrow pages fold their lists.
document.addEventListener('click', e => document.querySelectorAll('details.me[open]').forEach(d => { if (!d.contains(e.target)) d.open = false; }));
if (matchMedia('(max-width:760px)').matches) document.querySelectorAll('.fold-narrow').forEach(d => d.open = false);

// Side tabs: without script they are links to sections one below the other.
const tabs = [...document.querySelectorAll('.tabs a')];
function tab(a) {
  tabs.forEach(t => {
    t.setAttribute('aria-selected', String(t === a));
    document.querySelector(t.hash).hidden = t !== a;
  });
}
if (tabs.length) {
  tabs[0].parentElement.setAttribute('role', 'tablist');
  tabs.forEach(t => {
    t.setAttribute('role', 'tab');
    t.addEventListener('click', e => { e.preventDefault(); tab(t); });
  });
  tab(tabs.find(t => t.hash === location.hash) ?? tabs[0]);
}

startAsking();
keepTyping();
