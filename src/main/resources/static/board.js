'use strict';

const byId = id => document.getElementById(id);
const details = byId('details');
const chosen = { filter: '', words: [], shaft: '', floor: '' };

// -- what is shown: filters work on what the server sent, and again after every change it sends

function show() {
  if (!byId('board')) return;
  let any = false;
  for (const shaft of document.querySelectorAll('.shaft')) {
    let inShaft = false;
    for (const floor of shaft.querySelectorAll('.floor')) {
      const here = (!chosen.shaft || shaft.dataset.shaft === chosen.shaft) && (!chosen.floor || floor.dataset.floor === chosen.floor);
      let onFloor = false;
      for (const tile of floor.querySelectorAll('.tile')) {
        const text = chosen.words.length ? tile.textContent.toLowerCase() : '';
        const shown = here && (!chosen.filter || tile.classList.contains(chosen.filter))
          && chosen.words.every(word => text.includes(word));
        tile.hidden = !shown;
        onFloor ||= shown;
      }
      floor.hidden = !onFloor;
      inShaft ||= onFloor;
    }
    shaft.hidden = !inShaft;
    any ||= inShaft;
  }
  byId('nothing').hidden = any;
  for (const button of document.querySelectorAll('#filters button')) {
    button.setAttribute('aria-pressed', String(button.dataset.filter === chosen.filter));
  }
}

document.addEventListener('click', event => {
  const filter = event.target.closest('#filters button');
  if (filter) {
    chosen.filter = filter.dataset.filter;
    show();
    return;
  }
  const link = event.target.closest('.tile, #feed a, .in-panel');
  if (link && details && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    openDetails(link.getAttribute('href'));
  }
});
byId('find')?.addEventListener('input', event => {
  chosen.words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
  show();
});
byId('shaft-filter')?.addEventListener('change', event => { chosen.shaft = event.target.value; show(); });
byId('floor-filter')?.addEventListener('change', event => { chosen.floor = event.target.value; show(); });

// -- live or not: what is old must not look alive

function alive(yes) {
  document.body.classList.toggle('is-stale', !yes);
  const stale = byId('stale');
  if (stale) stale.hidden = yes;
}
document.addEventListener('htmx:afterRequest', event => {
  if (event.target.id === 'pulse') {
    alive(event.detail.successful);
    show();
  }
});
document.addEventListener('htmx:sendError', event => { if (event.target.id === 'pulse') alive(false); });
document.addEventListener('htmx:timeout', event => { if (event.target.id === 'pulse') alive(false); });

// a refused form answers with the form and what is wrong with it: that is shown, not swallowed
document.addEventListener('htmx:beforeSwap', event => {
  const status = event.detail.xhr.status;
  if (status === 422 || status === 409) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});

// -- details of a shop

async function openDetails(href) {
  await htmx.ajax('GET', href, { target: '#details-body', swap: 'innerHTML' });
  if (!details.open) details.showModal();
  details.scrollTop = 0;
}
byId('close-details')?.addEventListener('click', () => details.close());
details?.addEventListener('click', event => { if (event.target === details) details.close(); });
// nothing goes on polling behind a closed panel
details?.addEventListener('close', () => { byId('details-body').replaceChildren(); });
// what is refused is said where it was asked for; what a page asks for by itself stays quiet
document.addEventListener('htmx:responseError', event => {
  let why = null;
  try { why = JSON.parse(event.detail.xhr.responseText).detail; } catch { /* no problem+json */ }
  const target = event.detail.target;
  if (target?.id === 'details-body') {
    target.textContent = why ?? target.dataset.error;
    if (!details.open) details.showModal();
    return;
  }
  const form = event.detail.elt.closest('form');
  if (form && why) {
    form.querySelector(':scope > .refused')?.remove();
    form.prepend(Object.assign(document.createElement('p'), { className: 'refused wide', role: 'alert', textContent: why }));
  }
});

// -- load curve

let echartsLoading;
function charts() {
  echartsLoading ??= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = byId('script').dataset.echarts;
    script.onload = () => resolve(window.echarts);
    script.onerror = reject;
    document.head.append(script);
  });
  return echartsLoading;
}

async function drawCurve(place) {
  const [echarts, answer] = await Promise.all([charts(), fetch(place.dataset.curve)]);
  if (!answer.ok || !place.isConnected) return;
  const curve = await answer.json();
  if ([...curve.today, ...curve.yesterday].every(kw => kw == null)) {
    place.textContent = place.dataset.empty;
    place.classList.add('is-empty');
    return;
  }
  const style = getComputedStyle(place);
  const ink = style.color;
  const accent = style.getPropertyValue('--accent').trim();
  const line = (name, data, color, width, area) => ({
    name, data, type: 'line', step: 'end', symbol: 'none', connectNulls: false,
    lineStyle: { color, width }, itemStyle: { color }, areaStyle: area ? { color, opacity: 0.15 } : undefined,
  });
  const chart = echarts.init(place, null, { renderer: 'svg' });
  chart.setOption({
    animation: false,
    textStyle: { fontFamily: style.fontFamily },
    grid: { left: 44, right: 12, top: 30, bottom: 24 },
    legend: { top: 0, right: 0, textStyle: { color: ink }, itemWidth: 16, itemHeight: 8 },
    tooltip: { trigger: 'axis', renderMode: 'richText', valueFormatter: kw => kw == null ? '–' : kw + ' ' + place.dataset.unit },
    xAxis: { type: 'category', data: curve.times, boundaryGap: false, axisLabel: { color: ink, interval: 15 }, axisTick: { show: false } },
    yAxis: { type: 'value', name: place.dataset.unit, nameTextStyle: { color: ink }, axisLabel: { color: ink }, splitLine: { lineStyle: { color: ink, opacity: 0.15 } } },
    series: [
      line(place.dataset.yesterday, curve.yesterday, '#94a3b8', 1, false),
      line(place.dataset.today, curve.today, accent, 2, true),
    ],
  });
  new ResizeObserver(() => chart.resize()).observe(place);
}

function furnish(root) {
  for (const place of root.querySelectorAll('[data-curve]')) {
    if (!place.dataset.drawn) {
      place.dataset.drawn = 'yes';
      drawCurve(place);
    }
  }
}
document.addEventListener('htmx:afterSettle', event => furnish(event.target));
furnish(document);

document.addEventListener('click', event => { if (event.target.closest('[data-print]')) print(); });

// -- the bar

byId('theme')?.addEventListener('click', () => {
  const now = document.documentElement.getAttribute('data-bs-theme') === 'dark' ? 'light' : 'dark';
  localStorage.setItem('theme', now);
  applyTheme();
});
byId('site-choice')?.addEventListener('change', event => { location.href = '/?site=' + encodeURIComponent(event.target.value); });
for (const link of document.querySelectorAll('[data-lang]')) {
  const target = new URL(location.href);
  target.searchParams.set('lang', link.dataset.lang);
  link.href = target.pathname + target.search;
}
const density = byId('density');
function applyDensity() {
  const dense = localStorage.getItem('density') === 'dense';
  document.body.classList.toggle('is-dense', dense);
  density?.setAttribute('aria-pressed', String(dense));
}
density?.addEventListener('click', () => {
  localStorage.setItem('density', localStorage.getItem('density') === 'dense' ? '' : 'dense');
  applyDensity();
});
applyDensity();
show();
