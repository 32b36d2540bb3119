package import Messages
import Secrets

extension VaultError {
    /// Few lines for many failures: those of one vault that mean the same are one line that names their objects.
    ///
    /// The most important comes first: what explains the others (no token), then what will not pass by itself, by
    /// its exit code (76, 77, 66, the rest), then what may (75).
    package static func summarize(_ errors: [VaultError]) -> [Diagnosis] {
        var groups: [(error: VaultError, objects: [VaultObject])] = []
        for error in errors {
            if let index = groups.firstIndex(where: { $0.error.meansTheSame(as: error) }) {
                if let object = error.object, !groups[index].objects.contains(object) {
                    groups[index].objects.append(object)
                }
            } else {
                groups.append((error, error.object.map { [$0] } ?? []))
            }
        }
        return groups.enumerated()
            .sorted { ($0.element.error.rank, $0.offset) < ($1.element.error.rank, $1.offset) }
            .map { $0.element.error.diagnosis(ofObjects: $0.element.objects) }
    }

    private func meansTheSame(as other: VaultError) -> Bool {
        // One identity that is out of reach explains the failures of all vaults.
        if case .identity = reason { return reason == other.reason }
        return reason == other.reason && vault == other.vault && status == other.status
            && object?.kind == other.object?.kind && (object == nil) == (other.object == nil)
    }

    private var rank: Int {
        if case .identity = reason { return isTemporary ? 5 : 0 }
        return switch exitCode {
        case .protocolFailure: 1
        case .denied: 2
        case .noInput: 3
        case .temporary: 6
        default: 4
        }
    }
}
