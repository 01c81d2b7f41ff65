#!/usr/bin/python3
"""The cases of the black-box tests through python-ldap.

Reads {"target": ..., "requests": [...]} as JSON on standard input (the types of request.ts), sends each request on a
connection of its own, and writes the list of answers as JSON on standard output.
"""
import base64
import json
import sys
from urllib.parse import quote

import ldap
import ldap.controls
import ldap.controls.libldap
import ldap.controls.readentry
import ldap.extop

SCOPES = {
    "base": ldap.SCOPE_BASE,
    "one": ldap.SCOPE_ONELEVEL,
    "sub": ldap.SCOPE_SUBTREE,
    "children": ldap.SCOPE_SUBORDINATE,
}
CHANGES = {
    "add": ldap.MOD_ADD,
    "delete": ldap.MOD_DELETE,
    "replace": ldap.MOD_REPLACE,
    "increment": ldap.MOD_INCREMENT,
}
COMPARE_TRUE, COMPARE_FALSE = 6, 5
ROOM_FOR_ANSWER_SECONDS = 60


class RawControl(ldap.controls.RequestControl):
    """A control whose value is octets."""

    def __init__(self, oid, critical, value):
        super().__init__(oid, critical)
        self.octets = value

    def encodeControlValue(self):
        return self.octets


def octets(value):
    return value.encode() if isinstance(value, str) else base64.b64decode(value["base64"])


def octet_list(values):
    return [octets(value) for value in (values if isinstance(values, list) else [values])]


def text(value):
    try:
        return value.decode()
    except UnicodeDecodeError:
        return "base64:" + base64.b64encode(value).decode()


def attributes(entry):
    return {name: [text(value) for value in values] for name, values in entry.items()}


def connect(request, target):
    on = request.get("on", "ldap")
    urls = {
        "ldap": "ldap://127.0.0.1:%d" % target["port"],
        "startTls": "ldap://127.0.0.1:%d" % target["port"],
        "ldaps": "ldaps://127.0.0.1:%d" % target["securePort"],
        "ldapi": "ldapi://" + quote(target["ldapiPath"], safe=""),
    }
    connection = ldap.initialize(urls[on])
    connection.set_option(ldap.OPT_REFERRALS, 0)
    connection.set_option(ldap.OPT_TIMEOUT, ROOM_FOR_ANSWER_SECONDS)
    if on in ("ldaps", "startTls"):
        connection.set_option(ldap.OPT_X_TLS_REQUIRE_CERT, ldap.OPT_X_TLS_NEVER)
        connection.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
    if on == "startTls":
        connection.start_tls_s()
    identity = request.get("as", target["root"])
    if identity == "external":
        connection.sasl_non_interactive_bind_s("EXTERNAL")
    else:
        connection.simple_bind_s(identity["dn"], identity["password"])
    return connection


def controls(request):
    found = []
    for control in request.get("controls", []):
        value = control.get("base64")
        value = None if value is None else base64.b64decode(value)
        found.append(RawControl(control["oid"], control.get("critical", False), value))
    if "assertion" in request:
        found.append(ldap.controls.libldap.AssertionControl(True, request["assertion"]))
    if "preRead" in request:
        found.append(ldap.controls.readentry.PreReadControl(False, request["preRead"]))
    if "postRead" in request:
        found.append(ldap.controls.readentry.PostReadControl(False, request["postRead"]))
    return found


def finish(connection, message_id):
    """Waits for the result of an update."""
    _, _, _, response = connection.result3(message_id)
    answer = {"code": 0}
    for control in response:
        if isinstance(control, ldap.controls.readentry.PreReadControl):
            answer["preRead"] = attributes(control.entry)
        if isinstance(control, ldap.controls.readentry.PostReadControl):
            answer["postRead"] = attributes(control.entry)
    return answer


def add(connection, operation, request):
    entry = [(name, octet_list(values)) for name, values in operation["attributes"].items()]
    return finish(connection, connection.add_ext(operation["dn"], entry, controls(request)))


def modify(connection, operation, request):
    changes = []
    for change in operation["changes"]:
        values = octet_list(change["values"]) if change.get("values") else None
        changes.append((CHANGES[change["op"]], change["type"], values))
    return finish(connection, connection.modify_ext(operation["dn"], changes, controls(request)))


def rename(connection, operation, request):
    message_id = connection.rename(
        operation["dn"],
        operation["newRdn"],
        operation.get("newSuperior"),
        1 if operation.get("deleteOldRdn", True) else 0,
        controls(request),
    )
    return finish(connection, message_id)


def delete(connection, operation, request):
    return finish(connection, connection.delete_ext(operation["dn"], controls(request)))


def compare(connection, operation, request):
    value = operation["value"].encode()
    is_equal = connection.compare_ext_s(operation["dn"], operation["type"], value, controls(request))
    return {"code": COMPARE_TRUE if is_equal else COMPARE_FALSE}


def search(connection, operation, request):
    pages = []
    entries = []
    sent = controls(request)
    size = operation.get("pageSize")
    paged = None
    if size is not None:
        paged = ldap.controls.libldap.SimplePagedResultsControl(True, size=size, cookie="")
        sent.append(paged)
    while True:
        code, message, matched, response = search_once(connection, operation, sent, entries, pages)
        cookie = b""
        for control in response:
            if control.controlType == ldap.controls.libldap.SimplePagedResultsControl.controlType:
                cookie = control.cookie
        if not cookie:
            break
        paged.cookie = cookie
    answer = {"code": code, "message": message, "matchedDn": matched, "entries": entries}
    if size is not None:
        answer["pages"] = pages
    return answer


def search_once(connection, operation, sent, entries, pages):
    """Collects what comes before a failure, too."""
    before = len(entries)
    message_id = connection.search_ext(
        operation.get("base", "$B"),
        SCOPES[operation.get("scope", "sub")],
        operation.get("filter", "(objectClass=*)"),
        operation.get("attributes") or None,
        1 if operation.get("typesOnly") else 0,
        serverctrls=sent,
        sizelimit=operation.get("sizeLimit", 0),
    )
    code, message, matched, response = 0, "", "", []
    try:
        while True:
            kind, data, _, response = connection.result3(message_id, 0)
            for dn, entry in data:
                if dn is not None:
                    entries.append({"dn": dn, "attributes": attributes(entry)})
            if kind == ldap.RES_SEARCH_RESULT:
                break
    except ldap.LDAPError as error:
        code, message, matched = failure(error)
    pages.append(len(entries) - before)
    return code, message, matched, response


def who_am_i(connection, _operation, _request):
    return {"code": 0, "authzId": connection.whoami_s()}


def password_modify(connection, operation, _request):
    _, value = connection.passwd_s(
        operation.get("user"), operation.get("old"), operation.get("new"), extract_newpw=True
    )
    answer = {"code": 0}
    if value is not None:
        answer["generatedPassword"] = value.genPasswd.decode()
    return answer


def extended(connection, operation, request):
    connection.extop_s(ldap.extop.ExtendedRequest(operation["oid"], None), controls(request))
    return {"code": 0}


OPERATIONS = {
    "add": add,
    "modify": modify,
    "rename": rename,
    "delete": delete,
    "compare": compare,
    "search": search,
    "whoAmI": who_am_i,
    "passwordModify": password_modify,
    "extended": extended,
}


def failure(error):
    told = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    code = told.get("result", ldap_code(error))
    return code, told.get("info", ""), told.get("matched", "")


def ldap_code(error):
    return getattr(type(error), "errnum", -1)


def answer_one(request, target):
    connection = None
    try:
        connection = connect(request, target)
        operation = request["operation"]
        return OPERATIONS[operation["kind"]](connection, operation, request)
    except ldap.LDAPError as error:
        code, message, matched = failure(error)
        return {"code": code, "message": message, "matchedDn": matched}
    finally:
        if connection is not None:
            connection.unbind_ext()


def main():
    ldap.set_option(ldap.OPT_X_TLS_REQUIRE_CERT, ldap.OPT_X_TLS_NEVER)
    work = json.load(sys.stdin)
    json.dump([answer_one(request, work["target"]) for request in work["requests"]], sys.stdout)


main()
