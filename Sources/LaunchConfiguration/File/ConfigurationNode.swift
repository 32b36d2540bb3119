/// A value of the configuration file with its place.
struct ConfigurationNode {
    indirect enum Value {
        case string(String)
        case integer(Int)
        case boolean(Bool)
        case array([ConfigurationNode])
        case table([Member])
        /// A number with a fraction, which no key accepts.
        case other(String)
    }

    struct Member {
        let key: String
        let keyLocation: TextLocation
        let node: ConfigurationNode
    }

    let value: Value
    let location: TextLocation

    /// The value's kind, for messages.
    var typeName: String {
        switch value {
        case .string: "a string"
        case .integer: "a whole number"
        case .boolean: "a boolean"
        case .array: "an array"
        case .table: "a table"
        case .other(let name): name
        }
    }
}
