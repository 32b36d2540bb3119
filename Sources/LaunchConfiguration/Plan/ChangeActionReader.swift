import Glibc
import Messages
import WorkerProtocol

/// Finds the action on a change: `--on-change`, or what `--signal`, `--exec-on-change` and `--reload-unit` imply.
///
/// The strongest layer that has any of these options decides the action. Signal and command come from the strongest
/// layer that has them, so that `--on-change signal` uses the file's `signal`.
struct ChangeActionReader {
    private enum Choice: String, CaseIterable {
        case signal, restart, replace, none, exec
        case reloadUnit = "reload-unit"
    }

    let settings: Settings
    let command: CommandName

    func read() throws(ConfigurationError) -> ChangeAction {
        for layer in Settings.Layer.allCases {
            guard let (choice, origin) = try choice(settings[layer]) else { continue }
            return try action(choice, origin)
        }
        // `--signal-pid` implies that the action is a signal.
        return command == .sidecar && settings[.signalPID] != nil ? .signal(SIGHUP) : .unset
    }

    /// The action of one layer. Its options must not contradict each other.
    private func choice(_ layer: [OptionID: Setting]) throws(ConfigurationError) -> (Choice, Origin)? {
        let implied = [(OptionID.signal, Choice.signal), (.execOnChange, .exec), (.reloadUnit, .reloadUnit)]
            .compactMap { (id, choice) in layer[id].map { (setting: $0, choice: choice) } }
        guard let setting = layer[.onChange] else {
            if implied.count > 1 { throw contradiction(implied[1].setting, "'\(implied[0].choice.rawValue)'") }
            return implied.first.map { ($0.choice, $0.setting.origin) }
        }
        let choice = try setting.choice(Choice.self)
        // `replace` sends the signal after a rollback.
        if let other = implied.first(where: { $0.choice != choice && !($0.choice == .signal && choice == .replace) }) {
            throw contradiction(other.setting, "on-change '\(choice.rawValue)'")
        }
        return (choice, setting.origin)
    }

    private func contradiction(_ setting: Setting, _ other: String) -> ConfigurationError {
        setting.origin.error(ValueProblem("it contradicts \(other)", hint: "keep one of them"))
    }

    private func action(_ choice: Choice, _ origin: Origin) throws(ConfigurationError) -> ChangeAction {
        switch choice {
        case .none: return .none
        case .restart, .replace:
            if command == .sidecar {
                throw origin.error(
                    ValueProblem("'sidecar' has no command to \(choice.rawValue)", hint: "take signal or exec"))
            }
            if choice == .restart { return .restart }
            return .replace(signal: try settings.read(.signal, OptionText.changeSignal))
        case .signal:
            if command == .sidecar, settings[.signalPID] == nil {
                throw origin.error(
                    ValueProblem("it is not said whom to signal", hint: "give --signal-pid PID|FILE|name:COMMAND"))
            }
            return .signal(try settings.read(.signal, OptionText.changeSignal) ?? SIGHUP)
        case .reloadUnit:
            guard command == .sidecar || command == .check else {
                throw origin.error(
                    ValueProblem("only 'sidecar' reloads a unit", hint: "take signal, restart, replace or exec"))
            }
            guard let unit = try settings.read(.reloadUnit, UnitText.parse) else {
                throw origin.error(
                    ValueProblem("'reload-unit' needs a unit", hint: "give --reload-unit UNIT, or unit in [refresh]"))
            }
            return .reloadUnit(unit)
        case .exec:
            guard let words = try settings.read(.execOnChange, CommandWords.split) else {
                throw origin.error(
                    ValueProblem("'exec' needs a command to run", hint: "give --exec-on-change COMMAND"))
            }
            return .exec(words)
        }
    }
}
