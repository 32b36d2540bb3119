import LaunchConfiguration

extension ManualPage {
    /// What the commands that write JSON write.
    static let documents: [CommandName: [String]] = [
        .check: document(
            "With --json one object is written. Members without a value are left out; schema counts changes that a reader would have to follow.",
            [
                ("schema", "1"),
                ("ok, exit_code", "Whether run would start, and what it would end with instead."),
                (
                    "steps",
                    "A list of name (configuration, identity, vault, secret, directory, command, limits, surroundings), "
                        + "mark (ok, warning, failed, note), ok, detail; code and hint where there is one."
                ),
                (
                    "identity",
                    "source, client_id, object_id, tenant_id, expires (of the token), and considered: a list of source, "
                        + "taken, reason. The token itself is never shown."
                ),
                ("vault_suffix", "What follows a vault's name."),
                (
                    "vaults",
                    "A list of name, url, answers, addresses (address, private), tls, issuer."
                ),
                (
                    "secrets",
                    "A list of name, vault, type, ok, version, not_before, expires, targets (target, mode, user, place), "
                        + "code. No value, and no digest of one."
                ),
                ("directory, command", "path, file_system, swap, mode, user; name and path."),
            ]),
        .list: document(
            "With --json one object is written; every member is there, null where the vault says nothing.",
            [
                ("schema", "1"),
                (
                    "secrets",
                    "A list of name, enabled, updated, expires, content_type, tags. Times are RFC 3339 in UTC."
                ),
            ]),
        .status: document(
            "With --json the instance's status.json is written.",
            [
                ("schema", "1"),
                ("instance, pid, child_pid", "Who runs."),
                (
                    "children",
                    "A list of pid and role: serving, and beside it starting or stopping, while the command is replaced."
                ),
                ("listen", "The sockets of --listen: a list of name and address."),
                ("state", "starting, fresh, stale or failing."),
                (
                    "generation, attempt, started_attempt",
                    "The delivered generation; the newest attempt that has ended, and the newest that was begun."
                ),
                ("refreshed_at, next_refresh_at", "RFC 3339 in UTC, or null."),
                ("last_error", "null, or code, message, since."),
                ("environment_stale", "Whether variables have changed that only a restart brings to the command."),
                ("stale_variables", "Their names."),
                (
                    "pending",
                    "A list of the changes that somebody has yet to be told of: action (as for --on-change), receiver, "
                        + "names, since. Empty where all was told."
                ),
                ("secrets", "A list of name, vault, type, version, target, updated, expires."),
            ]),
    ]

    private static func document(_ start: String, _ members: [(String, String)]) -> [String] {
        [".SH JSON", roff(start)] + members.flatMap { [".TP", ".B \(roff($0.0))", roff($0.1)] }
    }
}
