import HTTPTransport
import KeyVault
import LaunchConfiguration
import LinuxSystem
import Messages
import Refresh
import Secrets

/// Suggests a name for a mistyped secret, if the identity may list.
enum NearSecret {
    /// Adds the vault's nearest name to the diagnosis's hint; returns it unchanged if no name is near.
    static func improving(_ diagnosis: Diagnosis, about object: VaultObject, _ client: VaultClient) -> Diagnosis {
        guard diagnosis.code == .secretMissing, object.version == nil, object.kind != .key else { return diagnosis }
        let retryPolicy = RetryPolicy(deadline: .now + .seconds(2), attempts: 1)
        guard case .success(let listed) = client.list(object.vault, retryPolicy: retryPolicy) else { return diagnosis }
        let names = listed.map { $0.name }
        guard let near = Suggestion.nearest(to: object.name, among: names), near != object.name else {
            return diagnosis
        }
        var improved = diagnosis
        improved.hint = "did you mean '\(near)'?" + (diagnosis.hint.map { " if not, \($0)" } ?? "")
        return improved
    }

    /// Adds the nearest name to a start's failure, if one secret was not found.
    static func improving(_ failure: RefreshFailure, _ client: VaultClient) -> RefreshFailure {
        guard let object = failure.missing,
            let index = failure.diagnoses.firstIndex(where: { $0.code == .secretMissing && $0.secret == object.name })
        else { return failure }
        var improved = failure
        improved.diagnoses[index] = improving(failure.diagnoses[index], about: object, client)
        return improved
    }
}
