import COpenSSL
import Cryptography
import LatchkeyTestSupport
import Testing

private let message = utf8("message")

@Test func `RS256 gives the one signature that openssl gives`() throws {
    let key = try #require(try bundle(pem: Fixtures.leafKey).privateKey)
    let expected = """
        cGgZtd/IrGFpMDPNze2+g5pkAmXJDORUmxCmFfdnKVHSWFlqTfBY06HLQ2cR0oKfuFXDRfZeAf2eOjlTNGrK7tfg7fzEVoAwY82r3VNf\
        PbmI5E7HvKU0zDC/b55lcQ5tc98GaKWkndZvNIbKEfwjyzwJJjvhzDdSQLT4kAqK5ydFtkEBETW9E4D3a/EuOgRK0g3sidanGh484o4/\
        HK9UGMuCG1JWeqJwNMVi2Ik6/InwhmUGY4p9r39fzlQoEJbEWm89atSqUYUWXSeylFRVaVNncGfei/pdImgdFyzCPUOpt2aF7zJkKS6Z\
        oCfoNutMFUzmoS7knnFhrgqnWysM2g==
        """
    let signature = try key.sign(message.span, .rs256)
    #expect(base64Text(signature.span) == expected)
}

@Test func `a PS256 signature verifies with MGF1 and a salt as long as the digest`() throws {
    let key = try #require(try bundle(pem: Fixtures.leafKey).privateKey)
    let signature = try key.sign(message.span, .ps256)
    #expect(verifiesPS256(signature, of: message))
    #expect(!verifiesPS256(signature, of: utf8("massage")))
    #expect(try key.sign(message.span, .ps256) != signature)
}

@Test func `an elliptic key does not sign`() throws {
    let text = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgbMbHZYUyqEbGKvLw
        uyOnJiQbt8HldXrbuUWp6zPSmJGhRANCAASKPaXFyrD7speS/ZmXvt+5CsRcpi7L
        4XVTqBE6cYFrcLhWi3D7xlbR1qRpyBE7M7YOlp1SuZoR+iy6j9ZUQc5e
        -----END PRIVATE KEY-----
        """
    let key = try #require(try bundle(pem: text).privateKey)
    #expect(!key.isRSA)
    #expect(throws: CryptographyError.unsupported("PS256 with a key that is not RSA")) {
        try key.sign(message.span, .ps256)
    }
}

/// Verifies against the leaf's certificate with the library itself: the project only signs.
private func verifiesPS256(_ signature: [UInt8], of message: [UInt8]) -> Bool {
    let pem = utf8(Fixtures.leaf)
    let bio = unsafe BIO_new_mem_buf(pem, CInt(pem.count))
    let certificate = unsafe PEM_read_bio_X509(bio, nil, nil, nil)
    let context = unsafe EVP_MD_CTX_new()
    defer {
        unsafe EVP_MD_CTX_free(context)
        unsafe X509_free(certificate)
        _ = unsafe BIO_free(bio)
    }
    var keyContext: OpaquePointer?
    guard unsafe EVP_DigestVerifyInit(context, &keyContext, EVP_sha256(), nil, X509_get0_pubkey(certificate)) == 1,
        unsafe EVP_PKEY_CTX_set_rsa_padding(keyContext, RSA_PKCS1_PSS_PADDING) == 1,
        unsafe EVP_PKEY_CTX_set_rsa_pss_saltlen(keyContext, 32) == 1
    else { return false }
    let good = unsafe EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    ERR_clear_error()
    return good
}
