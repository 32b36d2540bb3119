import HTTPTransport
import KeyVault
import LinuxSystem
import Messages
import Secrets

/// What somebody who mistyped a secret's name may have meant, where the identity may list.
enum NearSecret {
    /// The diagnosis with the nearest name of the vault in its hint; as it is where nothing is near.
    static func improving(_ diagnosis: Diagnosis, about object: VaultObject, _ client: VaultClient) -> Diagnosis {
        guard diagnosis.code == .secretMissing, object.version == nil, object.kind != .key else { return diagnosis }
        let patience = Patience(deadline: .now + .seconds(3), attempts: 1)
        guard case .success(let listed) = client.list(object.vault, patience: patience) else { return diagnosis }
        let names = listed.map { $0.name }
        guard let near = Suggestion.nearest(to: object.name, among: names), near != object.name else {
            return diagnosis
        }
        var improved = diagnosis
        improved.hint = "did you mean '\(near)'?" + (diagnosis.hint.map { " if not, \($0)" } ?? "")
        return improved
    }
}
