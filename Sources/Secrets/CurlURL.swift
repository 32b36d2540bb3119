package import CCurl

/// curl's own URL parser (libcurl-url(3)), so that what is checked is what is connected to.
///
/// It stands beside the references since every target that reads a URL knows these, and the static program does not.
@safe
package final class CurlURL {
    private let handle: OpaquePointer

    package init?(_ text: String, flags: Int32) {
        guard let handle = unsafe curl_url() else { return nil }
        unsafe self.handle = unsafe handle
        guard unsafe curl_url_set(handle, CURLUPART_URL, text, UInt32(flags)) == CURLUE_OK else { return nil }
    }

    deinit {
        unsafe curl_url_cleanup(handle)
    }

    /// A part; the scheme's own port where the URL names none.
    package subscript(_ part: CURLUPart) -> String? {
        self[part, part == CURLUPART_PORT ? CURLU_DEFAULT_PORT : 0]
    }

    package subscript(_ part: CURLUPart, _ flags: Int32) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard unsafe curl_url_get(handle, part, &text, UInt32(flags)) == CURLUE_OK, let text = unsafe text
        else { return nil }
        defer { unsafe curl_free(text) }
        return unsafe String(cString: text)
    }

    /// Replaces a part; false where the new text can't be one.
    package func replace(_ part: CURLUPart, by text: String) -> Bool {
        unsafe curl_url_set(handle, part, text, 0) == CURLUE_OK
    }
}
