import Cryptography
import Testing

private let modulus = """
    pJIys-rC8EwhXqGwps9Va0wsXbzrpv1TvxBsXTdhsUp4VxnFTCZXCaT4a6dMS1zamCfS9DQNkxGDnkK2aBZAjAyRrt-QT4aNS8tTPGGi53VXtqyK\
    jSSKAWGoNZFT2plOcT82fERgQNTfr6hDx3KQ7MGKjgqt7zONAluhhmpWDhs963unAICAInKHYH5Ae8m6hBmXbK2_AlpiCHq_dqz4c0erx1MV8mFm\
    m2u0KkeP7U4HlgTObO3M9R78LJUh0EY0SSvsbiIjFjSgeV38Ah1RubhkczXEFML6pcNWirIwHF2oeF8N8ECf4MZ0mpnP5gi6vUT2bnBstkvtADwV\
    HxuqYQ
    """

@Test(arguments: ["RSA", "RSA-HSM"])
func `an RSA key becomes the PEM that openssl writes`(keyType: String) throws {
    let expected = """
        -----BEGIN PUBLIC KEY-----
        MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEApJIys+rC8EwhXqGwps9V
        a0wsXbzrpv1TvxBsXTdhsUp4VxnFTCZXCaT4a6dMS1zamCfS9DQNkxGDnkK2aBZA
        jAyRrt+QT4aNS8tTPGGi53VXtqyKjSSKAWGoNZFT2plOcT82fERgQNTfr6hDx3KQ
        7MGKjgqt7zONAluhhmpWDhs963unAICAInKHYH5Ae8m6hBmXbK2/AlpiCHq/dqz4
        c0erx1MV8mFmm2u0KkeP7U4HlgTObO3M9R78LJUh0EY0SSvsbiIjFjSgeV38Ah1R
        ubhkczXEFML6pcNWirIwHF2oeF8N8ECf4MZ0mpnP5gi6vUT2bnBstkvtADwVHxuq
        YQIDAQAB
        -----END PUBLIC KEY-----

        """
    #expect(try PublicJSONWebKey(keyType: keyType, n: modulus, e: "AQAB").pem() == expected)
}

@Test func `an elliptic key becomes the PEM that openssl writes`() throws {
    let expected = """
        -----BEGIN PUBLIC KEY-----
        MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAENbJV+wuX0wwDEwyFlD4slT4Iv2HMhBTr
        NG2RhFeqxKSxxafZwJqYz675u1cH0qRB5eCjs8zHvITZCPQHeHy2Nwa3ezzt50MC
        wy9LAw+G3CbTUDJswhhPmskqgbKRFdH/
        -----END PUBLIC KEY-----

        """
    let key = try PublicJSONWebKey(
        keyType: "EC", curve: "P-384", x: "NbJV-wuX0wwDEwyFlD4slT4Iv2HMhBTrNG2RhFeqxKSxxafZwJqYz675u1cH0qRB",
        y: "5eCjs8zHvITZCPQHeHy2Nwa3ezzt50MCwy9LAw-G3CbTUDJswhhPmskqgbKRFdH_")
    #expect(try key.pem() == expected)
}

@Test func `a symmetric key has no public half`() {
    #expect(throws: CryptographyError.unsupported("a public key of this type")) {
        try PublicJSONWebKey(keyType: "oct-HSM")
    }
}

@Test func `a curve that is not known is named as unsupported`() throws {
    let key = try PublicJSONWebKey(keyType: "EC", curve: "X25519", x: "AA", y: "AA")
    #expect(throws: CryptographyError.unsupported("this elliptic curve")) { try key.pem() }
}

@Test(arguments: [nil, "", "A", "!!!!"])
func `a member that is missing or no base64url is refused`(member: String?) {
    #expect(throws: CryptographyError.malformed(what: "JWK")) {
        try PublicJSONWebKey(keyType: "RSA", n: member, e: "AQAB")
    }
}

@Test(arguments: [("AQ", "AQ"), ("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISI", "AQ")])
func `a point that is not on its curve, or too large for it, is refused`(x: String, y: String) throws {
    let key = try PublicJSONWebKey(keyType: "EC-HSM", curve: "P-256", x: x, y: y)
    #expect(throws: CryptographyError.malformed(what: "JWK")) { try key.pem() }
}
