import TOMLKit

/// A value of the configuration file with its place.
struct ConfigurationNode {
    indirect enum Value {
        case string(String)
        case integer(Int)
        case boolean(Bool)
        case array([ConfigurationNode])
        case table([Member])
        /// What no key takes: a float, a date, a time.
        case other(String)
    }

    struct Member {
        let key: String
        let keyPlace: TextPlace
        let node: ConfigurationNode
    }

    let value: Value
    let place: TextPlace

    /// What the value is, as messages say it.
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

extension ConfigurationNode {
    /// Joins what the parser read with where it stands; members come in the document's order.
    init(table: TOMLTable, outline: TOMLOutline, places: TextPlaces) {
        var members: [(offset: Int, member: Member)] = []
        for key in table.keys {
            guard let parsed = table[key] else { continue }
            let place = outline.members[key]
            let node = ConfigurationNode(parsed, outline: place ?? outline, places: places)
            let offset = place?.key ?? outline.value
            members.append((offset, Member(key: key, keyPlace: places[offset], node: node)))
        }
        members.sort { $0.offset < $1.offset }
        self.init(value: .table(members.map(\.member)), place: places[outline.value])
    }

    private init(_ parsed: any TOMLValueConvertible, outline: TOMLOutline, places: TextPlaces) {
        if let table = parsed.table {
            self.init(table: table, outline: outline, places: places)
            return
        }
        let value: Value
        if let array = parsed.array {
            value = .array(
                (0..<array.count).map { index in
                    let place = index < outline.elements.count ? outline.elements[index] : outline
                    return ConfigurationNode(array[index], outline: place, places: places)
                })
        } else if let string = parsed.string {
            value = .string(string)
        } else if let integer = parsed.int {
            value = .integer(integer)
        } else if let boolean = parsed.bool {
            value = .boolean(boolean)
        } else {
            value = .other(parsed.double == nil ? "a date or time" : "a number with a fraction")
        }
        self.init(value: value, place: places[outline.value])
    }
}
