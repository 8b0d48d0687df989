"""Identity's use cases; the only way in for other domains.

Public signatures (others may build on them):
    create_organization(session, name) -> Organization            binds the session to the new organization
    create_user(session, organization_id, *, email, name, role, password=None) -> User
    set_role(session, caller, user_id, role) / set_member_disabled(session, caller, user_id, disabled)
    ensure_first_administrator(settings) -> tuple[str, str] | None
    sign_in(...), refresh(...), end_session(...), change_password(...)
    authenticate(request) -> Caller; authenticate_token(token, *, client_address, user_agent) -> Caller
    require_step_up(caller) -> None                                raises StepUpRequired
    get_user_names(session, organization_id, user_ids) -> dict[UUID, str]
"""
