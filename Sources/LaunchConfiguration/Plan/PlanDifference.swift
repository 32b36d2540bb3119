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
            case .environment: old.environment != new.environment
            case .files: old.files != new.files
            case .selections: old.selections != new.selections
            case .refresh: old.refresh != new.refresh || old.signalTarget != new.signalTarget
            }
        }
        restartKeys = new.restartKeys
    }

    package var isEmpty: Bool { applied.isEmpty && restartKeys.isEmpty }
}
