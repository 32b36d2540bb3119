/// A private key, where there is one, and certificates: what a PEM file or a PFX holds.
package struct CertificateBundle {
    /// nil where the input holds none (a certificate whose key can't be exported).
    package let privateKey: PrivateKey?
    /// The certificates, leaf first, then each one's issuer.
    package let certificates: [Certificate]

    /// Puts the certificates into order.
    package init(privateKey: PrivateKey?, certificates: [Certificate]) {
        self.privateKey = privateKey
        self.certificates = Certificate.leafFirst(certificates, key: privateKey)
    }
}
