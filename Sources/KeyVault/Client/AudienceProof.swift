/// What a vault's challenge said of its tokens, once it was checked: nothing secret.
package struct AudienceProof: Equatable, Sendable {
    /// What tokens are asked for.
    package var resource: String
    package var tenant: String?

    package init(resource: String, tenant: String?) {
        self.resource = resource
        self.tenant = tenant
    }
}
