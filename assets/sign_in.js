// The address that a person asked for, kept in this browser tab while they sign in: the provider sends everyone back to the start page.
const KEY = "recscope-asked-for";

export default function ({ data }) {
  if (!data.signed_in) {
    sessionStorage.setItem(KEY, location.pathname + location.search);
    return;
  }
  const askedFor = sessionStorage.getItem(KEY);
  sessionStorage.removeItem(KEY);
  if (!askedFor) return;
  const target = new URL(askedFor, location.origin);
  const isElsewhere = target.pathname !== location.pathname || target.search;
  if (target.origin === location.origin && isElsewhere) location.replace(target);
}
