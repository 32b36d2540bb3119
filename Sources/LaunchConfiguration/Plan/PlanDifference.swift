/// What an edited configuration changes for a run that goes on.
package struct PlanDifference: Equatable, Sendable {
    /// The parts that are applied at the next refresh.
    package enum Part: String, CaseIterable, Sendable {
        case environment = "env"
        case files
        case selections = "select"
        case refresh
    }

    /// What is applied at once.
    package let applied: [Part]
    /// Keys that need a restart to be applied: `vault`, `child.user`.
    package let restartKeys: [String]

    /// Compares two plans of one run; `new` is read with what `old` held.
    package init(from old: LaunchPlan, to new: LaunchPlan) {
        applied = Part.allCases.filter { part in
            switch part {
            case .environment: old.environment.map(\.placeless) != new.environment.map(\.placeless)
            case .files: old.files.map(\.placeless) != new.files.map(\.placeless)
            case .selections: old.selections.map(\.placeless) != new.selections.map(\.placeless)
            case .refresh: old.refresh != new.refresh || old.signalTarget != new.signalTarget
            }
        }
        restartKeys = new.restartKeys
    }

    package var isEmpty: Bool { applied.isEmpty && restartKeys.isEmpty }
}

// A line that moves is no change.

private let nowhere = SourceLocation("")

extension EnvironmentEntry {
    fileprivate var placeless: Self {
        EnvironmentEntry(name: name, request: request, ifMissing: ifMissing, location: nowhere)
    }
}

extension FileEntry {
    fileprivate var placeless: Self {
        var copy = self
        copy.location = nowhere
        return copy
    }
}

extension BulkSelection {
    fileprivate var placeless: Self {
        var copy = self
        copy.location = nowhere
        return copy
    }
}
