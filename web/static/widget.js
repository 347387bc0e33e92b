// For other sites of the office: <script src="https://advisor.example/widget.js" defer></script>
// puts the chat where the script stands. The frame is sandboxed; which sites may
// show it is decided by the advisor's own policy, not here.
(() => {
  const script = document.currentScript, frame = document.createElement('iframe');
  frame.src = new URL('/widget', script.src).href;
  frame.title = '双智 · 提问';
  frame.loading = 'lazy';
  frame.referrerPolicy = 'origin';
  frame.width = script.dataset.width ?? '100%';
  frame.height = script.dataset.height ?? '520';
  frame.setAttribute('frameborder', '0');
  frame.setAttribute('sandbox', 'allow-forms allow-same-origin allow-scripts allow-popups allow-popups-to-escape-sandbox');
  script.after(frame);
})();
