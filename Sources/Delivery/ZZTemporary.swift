package import Secrets
package struct Template {
    package var names: [String] { [] }
    package init(path: String) throws(DeliveryError) { throw .cache(path) }
    package func render(_ parts: [(name: String, slot: SecretSet.Slot)], in set: inout SecretSet) throws(DeliveryError) -> SecretSet.Slot { throw .cache("") }
}
package enum SetKind { case dotenv, json }
package func composeSet(_ parts: [(name: String, slot: SecretSet.Slot)], _ kind: SetKind, in set: inout SecretSet) throws(DeliveryError) -> SecretSet.Slot { throw .cache("") }
