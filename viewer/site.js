// Runs before OHIF: what its page says in inline scripts, which our policy does not run, and the token that changing requests carry.
window.PUBLIC_URL = '/viewer/';
window.browserImportFunction = (name) => import(name);

(() => {
  let token;
  fetch('/data/auth?CSRF=true', { credentials: 'same-origin', headers: { 'X-Requested-With': 'XMLHttpRequest' } })
    .then((response) => (response.ok ? response.text() : ''))
    .then((text) => {
      token = /XNAT_CSRF=(\S+)/.exec(text)?.[1];
    })
    .catch(() => undefined);

  const isOurs = (address) => new URL(address, location.href).origin === location.origin;
  const { open, send } = XMLHttpRequest.prototype;
  const requests = new WeakMap();
  XMLHttpRequest.prototype.open = function (method, address, ...rest) {
    requests.set(this, { method: String(method).toUpperCase(), address: String(address) });
    return open.call(this, method, address, ...rest);
  };
  XMLHttpRequest.prototype.send = function (body) {
    const { method, address } = requests.get(this) ?? { method: 'GET', address: '' };
    if (isOurs(address)) {
      this.setRequestHeader('X-Requested-With', 'XMLHttpRequest');
      if (method !== 'GET' && method !== 'HEAD' && token) this.setRequestHeader('X-XNAT-CSRF', token);
    }
    return send.call(this, body);
  };
})();
