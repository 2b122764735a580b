// A login link carries its code in the fragment, which no server sees; it is sent from here, once, and taken away.
const code = new URLSearchParams(window.location.hash.slice(1)).get("code");
if (code) {
  history.replaceState(null, "", window.location.pathname + window.location.search);
  document.getElementById("code").value = code;
  document.getElementById("arriving").hidden = false;
  document.getElementById("login").requestSubmit();
}
