"""The account of this session: the local one, unless the server has sign-in."""

import streamlit as st

from recsys.accounts.account import Account, open_local_account
from recsys.database.engine import Store, open_store

STATE = "account"


def current_store() -> Store:
    """Return the store of this server."""
    return open_store()


def current_account() -> Account:
    """Return the account that acts in this session."""
    if STATE not in st.session_state:
        st.session_state[STATE] = open_local_account(current_store())
    account: Account = st.session_state[STATE]
    return account
