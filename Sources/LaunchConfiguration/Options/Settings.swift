/// One value that was given for an option.
struct Setting: Equatable, Sendable {
    var text: String
    var origin: Origin
}

/// The values of all options that have one value, by layer.
struct Settings {
    /// From the strongest to the weakest.
    enum Layer: Int, CaseIterable {
        case options, environment, file
    }

    private var layers: [[OptionID: Setting]] = [[:], [:], [:]]
    /// The settings from the run's start, for options that a refresh does not change.
    private let startup: StartupSettings?

    init(startup: StartupSettings? = nil) {
        self.startup = startup
    }

    subscript(layer: Layer) -> [OptionID: Setting] {
        get { layers[layer.rawValue] }
        set { layers[layer.rawValue] = newValue }
    }

    /// The strongest value. For an option that a refresh does not change, the value from the start takes precedence.
    subscript(id: OptionID) -> Setting? {
        if let startup, !OptionTable.definition(id).isAppliedByRefresh {
            return startup.values[id.rawValue].map { Setting(text: $0, origin: .startup(id.rawValue)) }
        }
        return given(id)
    }

    /// The strongest current value of options, environment and file.
    func given(_ id: OptionID) -> Setting? {
        layers.lazy.compactMap { $0[id] }.first
    }

    func isSet(_ id: OptionID) -> Bool { self[id]?.text == "1" }

    /// Of options that exclude each other, keeps the one of the strongest layer that has any. Two in that layer are an
    /// error.
    mutating func keepStrongest(of group: [OptionID]) throws(ConfigurationError) {
        var isDecided = false
        for layer in Layer.allCases {
            let named = group.compactMap { id in self[layer][id].map { (id, $0) } }
            if isDecided {
                for (id, _) in named { self[layer][id] = nil }
            } else if named.count > 1 {
                throw named[1].1.origin.error(
                    ValueProblem("it excludes '--\(named[0].0.rawValue)'", hint: "keep one of them"))
            }
            isDecided = isDecided || !named.isEmpty
        }
    }
}

/// The settings from a run's start that a refresh does not change. Each worker passes them to the next, so that an
/// edited file can't move a running instance to another vault or user. They hold no secret.
package struct StartupSettings: Equatable, Sendable {
    /// Option names and their values.
    package var values: [String: String] = [:]
    /// The absolute path of the configuration file; nil if the run had none.
    package var configurationPath: String?
    /// Whether the file was found and not named. Then its owner is checked at every reading.
    package var configurationIsFound = false
    /// `--user`, as resolved at the start.
    package var runAs: RunAs?
    /// `--group`, as resolved at the start.
    package var group: UInt32?

    package init() {}
}
