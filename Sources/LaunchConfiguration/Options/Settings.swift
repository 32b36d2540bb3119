/// One value that was given for an option.
struct Setting: Equatable, Sendable {
    var text: String
    var origin: Origin
}

/// What was given for all options that have one value, by layer.
struct Settings {
    /// From the strongest to the weakest.
    enum Layer: Int, CaseIterable {
        case options, environment, file
    }

    private var layers: [[OptionID: Setting]] = [[:], [:], [:]]
    /// What a run started with, for what a refresh does not change.
    private let startup: StartupSettings?

    init(startup: StartupSettings? = nil) {
        self.startup = startup
    }

    subscript(layer: Layer) -> [OptionID: Setting] {
        get { layers[layer.rawValue] }
        set { layers[layer.rawValue] = newValue }
    }

    /// The strongest value; what is held from the start goes before all, where a refresh does not change it.
    subscript(id: OptionID) -> Setting? {
        if let startup, !OptionTable.definition(id).isAppliedByRefresh {
            return startup.values[id.rawValue].map { Setting(text: $0, origin: .startup(id.rawValue)) }
        }
        return given(id)
    }

    /// The strongest value that options, environment and file give now.
    func given(_ id: OptionID) -> Setting? {
        layers.lazy.compactMap { $0[id] }.first
    }

    func isSet(_ id: OptionID) -> Bool { self[id]?.text == "1" }

    /// Of options that exclude each other, keeps those of the strongest layer that names any; two there are an error.
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

/// What a run was started with, where a refresh does not change it: kept from worker to worker, so that an edited file
/// cannot move a running instance to another vault or user. It holds no secret.
package struct StartupSettings: Equatable, Sendable {
    /// Option names and their values.
    package var values: [String: String] = [:]
    /// The configuration file, absolute; nil where the run had none.
    package var configurationPath: String?
    /// Whether nobody named the file: whose it is is checked again at every reading.
    package var configurationIsFound = false
    /// `--user`, as the name service resolved it then.
    package var runAs: RunAs?
    /// `--group`, likewise.
    package var group: UInt32?

    package init() {}
}
