import Messages
import Secrets

/// Finds the inherited variables whose whole value is a reference.
struct InheritedReferences {
    let suffix: VaultSuffix

    /// The references, in the environment's order. A malformed reference is an error, because the child would get its
    /// text. The error never quotes the value.
    func find(
        in environment: InheritedEnvironment, except delivered: Set<String>
    ) throws(ConfigurationError) -> [DeliveryItem] {
        var items: [DeliveryItem] = []
        var seen = delivered
        for (name, value) in environment.pairs where ReferenceParser.claims(value) {
            guard let text = String(validating: name, as: UTF8.self) else {
                throw ConfigurationError(
                    .environmentValue, exit: .configuration, "an inherited variable with a reference has no UTF-8 name")
            }
            guard seen.insert(text).inserted else { continue }
            let origin = Origin.environment(text)
            guard let reference = String(validating: ReferenceParser.trimmed(Array(value)), as: UTF8.self) else {
                throw origin.error(ValueProblem("its reference is not UTF-8"))
            }
            do {
                let request = ObjectRequest(reference: try ReferenceParser(suffix: suffix).parse(reference))
                items.append(
                    DeliveryItem(.variable(text), .object(request), origin: .inherited, location: origin.location))
            } catch {
                throw origin.error(
                    ValueProblem(
                        "its reference can't be understood: \(error.reason) (at character \(error.offset + 1))",
                        hint: "correct or unset '\(text)'; an unresolved reference is never handed to the command"))
            }
        }
        return items
    }
}
