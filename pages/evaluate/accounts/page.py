"""Accounts: the people who use this server and their roles, tokens of the API, and the audit log; for admins."""

import streamlit as st

from pages.evaluate.accounts import api_tokens, audit_log, roles
from pages.shell.account import current_account, current_store
from pages.ui import html
from recsys.accounts.administration import list_accounts
from recsys.accounts.tokens import ISSUER as TOKEN
from recsys.core.translation import N_, _, ngettext

PARTS = {"roles": N_("Accounts and roles"), "tokens": N_("API tokens"), "log": N_("Audit log")}

st.title(_("Accounts"))
account, store = current_account(), current_store()
accounts = list_accounts(store, account)
people = [each for each in accounts if each.issuer != TOKEN]
first = ngettext("{count} account has used this server.", "{count} accounts have used this server.", len(people))
html.lead(f"{first} {_('A viewer looks, an editor also uploads and gives feedback, an admin may do everything.')}")
part = st.segmented_control(
    _("Part of the page"), list(PARTS), default="roles", required=True, key="accounts_part",
    format_func=lambda name: _(PARTS[name]), label_visibility="collapsed",
)  # fmt: skip
if part == "log":
    audit_log.draw(store, account, accounts)
elif part == "tokens":
    api_tokens.draw(store, account)
else:
    roles.draw(account, people)
