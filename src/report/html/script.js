'use strict';
// Sorting and filtering of tables. Without it the tables stand as they are written.
document.querySelectorAll('table.sortable').forEach(function (table) {
  var body = table.tBodies[0];
  var heads = Array.prototype.slice.call(table.tHead.rows[0].cells);
  if (body.rows.length < 2) return;
  var collator = new Intl.Collator(document.documentElement.lang, { numeric: true });
  var value = function (row, i) {
    var cell = row.cells[i];
    return cell.dataset.v === undefined ? cell.textContent.trim() : Number(cell.dataset.v);
  };
  heads.forEach(function (th, i) {
    var button = document.createElement('button');
    button.type = 'button';
    button.textContent = th.textContent;
    button.title = table.dataset.sort;
    th.textContent = '';
    th.appendChild(button);
    button.addEventListener('click', function () {
      var was = th.getAttribute('aria-sort');
      var up = was ? was === 'descending' : !th.classList.contains('number');
      heads.forEach(function (h) { h.removeAttribute('aria-sort'); });
      th.setAttribute('aria-sort', up ? 'ascending' : 'descending');
      var rows = Array.prototype.slice.call(body.rows).map(function (r, n) { return { r: r, v: value(r, i), n: n }; });
      rows.sort(function (a, b) {
        var by = typeof a.v === 'number' && typeof b.v === 'number' ? a.v - b.v : collator.compare(a.v, b.v);
        return (up ? by : -by) || a.n - b.n;
      });
      rows.forEach(function (x) { body.appendChild(x.r); });
    });
  });
  if (body.rows.length < 6) return;
  var line = document.createElement('p');
  line.className = 'filter';
  var label = document.createElement('label');
  label.textContent = table.dataset.filter + ' ';
  var input = document.createElement('input');
  input.type = 'search';
  var said = document.createElement('span');
  said.setAttribute('role', 'status');
  said.className = 'quiet';
  label.appendChild(input);
  line.append(label, said);
  table.parentNode.before(line);
  input.addEventListener('input', function () {
    var words = input.value.toLocaleLowerCase().split(/\s+/).filter(Boolean), shown = 0;
    Array.prototype.forEach.call(body.rows, function (row) {
      var text = row.textContent.toLocaleLowerCase();
      row.hidden = !words.every(function (w) { return text.includes(w); });
      shown += row.hidden ? 0 : 1;
    });
    said.textContent = words.length ? table.dataset.shown.replace('{n}', shown).replace('{of}', body.rows.length) : '';
  });
});
// The points of one criterion in a transcript.
document.querySelectorAll('fieldset.only').forEach(function (set) {
  set.hidden = false;
  set.addEventListener('change', function (e) {
    var only = e.target.value;
    document.querySelectorAll('.points > li').forEach(function (li) { li.hidden = only && !li.classList.contains(only); });
    document.querySelectorAll('.turn mark').forEach(function (m) { m.classList.toggle('dim', !!only && !m.classList.contains(only)); });
  });
});
