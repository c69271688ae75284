'use strict';

// -- an order is followed: the part with its state is fetched anew until it says that it is over

const every = 1500;
const patience = 10000;

function follow() {
  const part = document.getElementById('state');
  if (part?.dataset.poll) setTimeout(() => refresh(part), part.dataset.seconds ? part.dataset.seconds * 1000 : document.hidden ? every * 4 : every);
}

async function refresh(part) {
  const impatient = new AbortController();
  const alarm = setTimeout(() => impatient.abort(), patience);
  try {
    const answer = await fetch(part.dataset.poll, { signal: impatient.signal });
    if (!answer.ok) throw new Error(answer.status);
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('state');
    // what did not change stays, with whatever somebody is just pressing in it
    if (fresh && fresh.outerHTML !== part.outerHTML) {
      part.replaceWith(fresh);
      go();
    } else {
      part.classList.remove('stale');
    }
  } catch {
    part.classList.add('stale');
  }
  clearTimeout(alarm);
  follow();
}

// -- to the cashier: once by itself, then by the button

function go() {
  const cashier = document.querySelector('#cashier[data-go]');
  const once = 'gone ' + location.pathname;
  if (cashier && !sessionStorage.getItem(once)) {
    sessionStorage.setItem(once, '1');
    cashier.click();
  }
  const bridge = document.getElementById('bridge');
  if (bridge && !sessionStorage.getItem(once)) {
    sessionStorage.setItem(once, '1');
    pay(bridge);
  }
}

// in WeChat's own browser its cashier comes over the page, which is left by nobody: when it has gone the page comes back by itself
function pay(bridge) {
  const { appId, timeStamp, nonceStr, signType, paySign } = bridge.dataset;
  const invoke = () => WeixinJSBridge.invoke('getBrandWCPayRequest', { appId, timeStamp, nonceStr, package: bridge.dataset.package, signType, paySign },
    () => location.replace(location.pathname + '?back'));
  if (window.WeixinJSBridge) invoke();
  else document.addEventListener('WeixinJSBridgeReady', invoke, { once: true });
}

document.addEventListener('click', event => {
  if (event.target.closest('#bridge')) pay(event.target.closest('#bridge'));
  if (event.target.closest('[data-print]')) print();
});

// an amount that is typed takes the place of the one that is chosen, and the other way round
document.querySelector('[name=free]')?.addEventListener('input', event => {
  for (const amount of document.querySelectorAll('[name=amount]')) amount.checked = event.target.value ? false : amount.checked;
});
for (const amount of document.querySelectorAll('[name=amount]')) {
  amount.addEventListener('change', () => { document.querySelector('[name=free]').value = ''; });
}

go();
follow();
