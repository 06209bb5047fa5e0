"""The audit log with its filters."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from recsys.accounts.account import Account
from recsys.accounts.audit_log import list_action_kinds, list_actions
from recsys.core.formatting import format_number
from recsys.core.translation import _
from recsys.database.engine import Store
from recsys.database.schema import AccountRow

MOST = 1_000


def draw(store: Store, account: Account, accounts: Sequence[AccountRow]) -> None:
    """Draw the latest entries, of all accounts and actions or of one."""
    names = {each.id: each.name for each in accounts}
    first, second = st.columns(2)
    whom = first.selectbox(_("Account"), list(names), index=None, format_func=names.__getitem__, placeholder=_("All"), key="log_of")
    action = second.selectbox(_("Action"), list_action_kinds(store, account), index=None, placeholder=_("All"), key="log_action")
    entries = list_actions(store, account, whom, action, limit=MOST)
    if not entries:
        st.info(_("Nothing has been recorded yet."))
        return
    table = pd.DataFrame(
        {
            "time": [datetime.fromtimestamp(each.time, UTC) for each in entries],
            "account": [each.account for each in entries],
            "action": [each.action for each in entries],
            "subject": [each.subject for each in entries],
        }
    )
    columns = {
        "time": st.column_config.DatetimeColumn(_("Time (UTC)"), timezone="UTC", format="YYYY-MM-DD HH:mm:ss", width="small"),
        "account": st.column_config.TextColumn(_("Account"), width="small"),
        "action": st.column_config.TextColumn(_("Action"), width="small"),
        "subject": st.column_config.TextColumn(_("Of what"), width="large"),
    }
    st.dataframe(table, column_config=columns, hide_index=True, width="stretch", height=520 if len(table) > 14 else "auto")
    if len(entries) == MOST:
        text = _(
            "The latest {count} entries; `{command}` prints more.",
            count=format_number(MOST),
            command="python -m recsys audit --limit 100000",
        )
        st.caption(text)
