package import HTTPTransport
package import ManagedIdentity
package import Messages

/// Where a vault's access tokens come from.
package protocol TokenProvider: AnyObject {
    /// A token for a resource (`https://vault.azure.net`).
    ///
    /// `tenant` is what the vault's challenge names, where one was seen: for sources that have none of their own.
    /// `claims` is the JSON text that a vault's continuous access evaluation asks to be met; a token that was issued
    /// before must not be given then, nor where `isRefused` says that the vault did not take it. Every retry of the source
    /// is within `retryPolicy`; what is thrown is final.
    func token(
        for resource: String, tenant: String?, claims: String?, isRefused: Bool, retryPolicy: RetryPolicy
    ) throws(Diagnosis) -> AccessToken
}

extension IdentitySession: TokenProvider {
    package func token(
        for resource: String, tenant: String?, claims: String?, isRefused: Bool, retryPolicy: RetryPolicy
    ) throws(Diagnosis) -> AccessToken {
        do throws(IdentityError) {
            return try token(
                for: resource, tenantHint: tenant, claims: claims, isRefused: isRefused, retryPolicy: retryPolicy)
        } catch {
            throw error.diagnosis
        }
    }
}
