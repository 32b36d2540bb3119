import Foundation
import LaunchConfiguration

/// The JSON schema of latchkey.toml, for editors: made of the same tables as the reader.
enum ConfigurationSchema {
    static var text: String {
        get throws {
            let options: JSONSerialization.WritingOptions = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            let data = try JSONSerialization.data(withJSONObject: document, options: options)
            return String(decoding: data, as: UTF8.self) + "\n"
        }
    }

    private static var document: [String: Any] {
        var properties = keys(of: nil)
        for table in Set(OptionTable.definitions.compactMap { $0.key?.table }) {
            properties[table] = object(keys(of: table))
        }
        properties["env"] = described(
            .environment, map(of: entry(.environment, oneOf: ["secret", "certificate", "key", "template"])))
        properties["files"] = described(
            .files, map(of: entry(.files, oneOf: ["secret", "certificate", "key", "template", "set"])))
        properties["select"] = described(
            .select, ["type": "array", "items": object(Self.properties(of: EntryTable.select.keys))])
        properties["fallback"] = described(
            .fallback,
            map(of: ["type": "array", "items": ["type": "string", "minLength": 1], "minItems": 1]))
        properties["credentials"] = described(.credentials, map(of: map(of: ["type": "string", "minLength": 1])))
        var document = object(properties)
        document["$schema"] = "http://json-schema.org/draft-07/schema#"
        document["title"] = "latchkey.toml"
        document["description"] = "Which secrets of Azure Key Vault Latchkey delivers, and where; latchkey.toml(5)"
        return document
    }

    private static func keys(of table: String?) -> [String: Any] {
        var keys: [String: Any] = [:]
        for option in OptionTable.definitions {
            guard let key = option.key, key.table == table else { continue }
            var property = type(option.kind)
            property["description"] = option.explanation
            keys[key.name] = property
        }
        return keys
    }

    private static func type(_ kind: OptionKind) -> [String: Any] {
        let unit = "(w|weeks?|d|days?|h|hr|hours?|m|min|minutes?|s|sec|seconds?|ms|msec)"
        let duration = "([0-9]+(\\.[0-9]+)?\(unit))+"
        return switch kind {
        case .switch: ["type": "boolean"]
        case .choice(let values): ["enum": values]
        case .duration(let orOff): ["type": "string", "pattern": "^(\(duration)|\(orOff ? "off" : "0"))$"]
        case .percent: ["type": "integer", "minimum": 0, "maximum": 100]
        case .signal, .signalTarget: ["type": ["string", "integer"]]
        case .list, .paths: ["type": "array", "items": ["type": "string", "minLength": 1], "minItems": 1]
        case .words: ["type": ["string", "array"], "items": ["type": "string"]]
        default: ["type": "string", "minLength": 1]
        }
    }

    private static func properties(of keys: [EntryKey]) -> [String: Any] {
        var properties: [String: Any] = [:]
        for key in keys {
            var property: [String: Any] =
                switch key.kind {
                case .string: ["type": "string", "minLength": 1]
                case .integer: ["type": "integer", "minimum": 1, "maximum": 50]
                case .strings: ["type": "array", "items": ["type": "string"], "minItems": 1]
                case .table: map(of: ["type": "string"])
                case .choice(let values): ["enum": values]
                }
            property["description"] = key.summary
            if let pattern = patterns[key.name] { property["pattern"] = pattern }
            properties[key.name] = property
        }
        return properties
    }

    private static let patterns = [
        "version": "^[0-9a-fA-F]{32}$", "json": "^/", "mode": "^(0o)?[0-7]{3,4}$",
        "prefix": "^[0-9A-Za-z-]{0,127}$",
    ]

    /// A reference, or a table with exactly one of these keys.
    private static func entry(_ table: EntryTable, oneOf names: [String]) -> [String: Any] {
        [
            "type": ["string", "object"], "minLength": 1, "properties": properties(of: table.keys),
            "additionalProperties": false,
            "if": ["type": "object"], "then": ["oneOf": names.map { ["required": [$0]] }],
        ]
    }

    private static func object(_ properties: [String: Any]) -> [String: Any] {
        ["type": "object", "properties": properties, "additionalProperties": false]
    }

    private static func map(of value: [String: Any]) -> [String: Any] {
        ["type": "object", "additionalProperties": value]
    }

    private static func described(_ table: EntryTable, _ schema: [String: Any]) -> [String: Any] {
        schema.merging(["description": table.summary]) { $1 }
    }
}
