/// A mistake in a seed or in what was sent to the control interface.
package struct SeedError: Error, Equatable, CustomStringConvertible {
    /// One line: where, and what is wrong.
    package var message: String

    package init(_ message: String) { self.message = message }

    package var description: String { message }
}

/// The members of one object, read by name; what is left at the end was not known.
package struct Fields {
    package let place: String
    private var values: [String: JSON] = [:]
    private var known: [String] = []

    /// Names may be written with hyphens or underscores.
    package init(_ json: JSON, at place: String) throws(SeedError) {
        guard let members = json.members else { throw SeedError("\(place): must be a table") }
        self.place = place
        for member in members { values[member.name.replacing("_", with: "-")] = member.value }
    }

    package mutating func take(_ name: String) -> JSON? {
        known.append(name)
        return values.removeValue(forKey: name)
    }

    private mutating func take<Value>(
        _ name: String, _ what: String, _ read: (JSON) -> Value?
    ) throws(SeedError) -> Value? {
        guard let json = take(name), json != .null else { return nil }
        guard let value = read(json) else { throw SeedError("\(place): '\(name)' must be \(what)") }
        return value
    }

    package mutating func string(_ name: String) throws(SeedError) -> String? {
        try take(name, "a string", \.string)
    }

    package mutating func integer(_ name: String) throws(SeedError) -> Int? {
        try take(name, "a whole number", \.integer)
    }

    package mutating func bool(_ name: String) throws(SeedError) -> Bool? {
        try take(name, "true or false", \.bool)
    }

    package mutating func number(_ name: String) throws(SeedError) -> Double? {
        try take(name, "a number", \.double)
    }

    /// A whole number within bounds.
    package mutating func integer(_ name: String, in range: ClosedRange<Int>) throws(SeedError) -> Int? {
        try take(name, "a whole number from \(range.lowerBound) to \(range.upperBound)") { json in
            json.integer.flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// A century; longer durations are mistakes.
    private static let longest = 100 * 365 * 86_400.0

    /// Seconds, from a number or a text such as `5m`.
    package mutating func duration(_ name: String) throws(SeedError) -> Double? {
        try take(name, "a duration such as \"30s\", \"5m\" or a number of seconds") { json in
            Self.bounded(json.string.flatMap(Moment.duration) ?? json.double)
        }
    }

    private static func bounded(_ seconds: Double?) -> Double? {
        seconds.flatMap { abs($0) <= longest ? $0 : nil }
    }

    /// Seconds, from a number of milliseconds or a text such as `5s`.
    package mutating func milliseconds(_ name: String) throws(SeedError) -> Double? {
        try take(name, "a number of milliseconds or a duration such as \"250ms\"") { json in
            Self.bounded(json.string.flatMap(Moment.duration) ?? json.double.map { $0 / 1_000 })
        }
    }

    /// Seconds since 1970, from such a number, a date, or a text such as `+30d` (from now).
    package mutating func moment(_ name: String, now: Double) throws(SeedError) -> Int? {
        try take(name, "a date, seconds since 1970, or a distance from now such as \"+30d\"") { json in
            if let number = json.double { return Moment.whole(number) }
            guard let text = json.string else { return nil }
            if text.hasPrefix("+") { return Moment.duration(String(text.dropFirst())).map { Moment.whole(now + $0) } }
            if text.hasPrefix("-"), let back = Moment.duration(String(text.dropFirst())) {
                return Moment.whole(now - back)
            }
            return Moment.parse(text).map(Moment.whole)
        }
    }

    package mutating func strings(_ name: String) throws(SeedError) -> [String]? {
        try take(name, "a list of strings") { json in
            if let one = json.string { return [one] }
            guard let array = json.array else { return nil }
            let texts = array.compactMap(\.string)
            return texts.count == array.count ? texts : nil
        }
    }

    package mutating func table(_ name: String) throws(SeedError) -> [String: String]? {
        try take(name, "a table of strings") { json in
            guard let members = json.members else { return nil }
            var table: [String: String] = [:]
            for member in members {
                switch member.value {
                case .string(let text): table[member.name] = text
                case .integer(let value): table[member.name] = String(value)
                case .bool(let value): table[member.name] = value ? "true" : "false"
                default: return nil
                }
            }
            return table
        }
    }

    /// One of a few words.
    package mutating func choice<Choice: RawRepresentable>(
        _ name: String, _ all: [Choice]
    ) throws(SeedError) -> Choice? where Choice.RawValue == String {
        let words = all.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
        return try take(name, "one of \(words)") { json in json.string.flatMap(Choice.init(rawValue:)) }
    }

    package mutating func list(_ name: String) throws(SeedError) -> [JSON] {
        try take(name, "a list", \.array) ?? []
    }

    package mutating func members(_ name: String) throws(SeedError) -> [JSON.Member] {
        try take(name, "a table", \.members) ?? []
    }

    /// Refuses what no one asked for.
    package func finish() throws(SeedError) {
        guard let unknown = values.keys.sorted().first else { return }
        throw SeedError("\(place): '\(unknown)' is not known here (known: \(known.sorted().joined(separator: ", ")))")
    }
}
