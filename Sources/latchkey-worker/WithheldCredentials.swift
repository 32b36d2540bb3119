import LaunchConfiguration
import LinuxSystem
import ManagedIdentity
import Messages

/// Latchkey's own credentials that systemd passed to the unit, which the command must not get.
///
/// The command of the same unit would find them by `$CREDENTIALS_DIRECTORY` (systemd.exec(5)), and could act as
/// Latchkey's identity. So the variable is left out, unless `--keep-identity` asks for it. The files stay readable for
/// the unit's user: only `--user` or a unit of its own keeps the command from them.
struct WithheldCredentials {
    private static let variable = "CREDENTIALS_DIRECTORY"
    private let names: [String]

    init(_ plan: LaunchPlan, _ environment: EnvironmentEntries) {
        names = plan.child.keepIdentity ? [] : IdentityEnvironment { environment[$0] }.ownCredentials
    }

    /// The variables that the command does not get.
    var variables: Set<String> { names.isEmpty ? [] : [Self.variable] }

    /// The warning about it; nil if nothing is withheld.
    var message: Message? {
        guard !names.isEmpty else { return nil }
        let list = names.map { "'\($0)'" }.joined(separator: ", ")
        return Message(
            .warning, .credentialsWithheld,
            "the command does not get \(Self.variable), since Latchkey's own \(list) is in it; as the same user it can "
                + "still open the file",
            hint:
                "run the command as another user with --user, or in a unit of its own; --keep-identity keeps the variable"
        )
    }
}
