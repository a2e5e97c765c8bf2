//! Certificates as people make them, and as libraries do.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls_pki_types::pem::PemObject;

use super::*;

/// In the middle of what the certificates of these tests are good for.
const YEAR_2030: UnixTime = UnixTime::since_unix_epoch(Duration::from_secs(1_900_000_000));

fn check(listed: &[&CertificateDer<'static>], shown: &CertificateDer<'static>, name: &str, now: UnixTime) -> String {
    let listed: Vec<CertificateDer<'static>> = listed.iter().map(|certificate| (*certificate).clone()).collect();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(listed.clone());
    let provider = Arc::new(ring::default_provider());
    let authorities = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    match Listed::new(authorities, listed).verify_server_cert(shown, &[], &name, &[], now) {
        Ok(_) => "good".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// What `openssl req -x509` makes with these further words.
fn by_openssl(folder: &Path, words: &[&str]) -> CertificateDer<'static> {
    let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (key, certificate) = (file("key.pem"), file("cert.pem"));
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-subj",
            "/CN=logs",
        ])
        .args(["-keyout", &key, "-out", &certificate, "-addext", "subjectAltName=IP:127.0.0.1,DNS:logs.example"])
        .args(words)
        .output()
        .expect("openssl is installed");
    assert!(made.status.success(), "{made:?}");
    CertificateDer::from_pem_file(certificate).unwrap()
}

/// The middle of the thirty days that openssl's certificates are good for.
#[expect(clippy::disallowed_methods, reason = "openssl takes the machine's time")]
fn in_days(days: i64) -> UnixTime {
    let now = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap();
    UnixTime::since_unix_epoch(Duration::from_secs((now.as_secs() as i64 + days * 86_400) as u64))
}

#[test]
fn what_openssl_makes_is_good_where_it_is_listed() {
    let folder = tempfile::tempdir().unwrap();
    let another = tempfile::tempdir().unwrap();
    let other = by_openssl(another.path(), &["-days", "30"]);
    for words in [&["-days", "30"][..], &["-days", "30", "-addext", "basicConstraints=critical,CA:FALSE"]] {
        let shown = by_openssl(folder.path(), words);
        for name in ["127.0.0.1", "logs.example"] {
            assert_eq!(check(&[&shown], &shown, name, in_days(15)), "good", "{words:?} {name}");
            assert_eq!(check(&[&other, &shown], &shown, name, in_days(15)), "good", "{words:?} {name}");
            let refused = check(&[&other], &shown, name, in_days(15));
            assert!(refused.starts_with("invalid peer certificate"), "{words:?} {name}: {refused}");
        }
        for name in ["127.0.0.2", "other.example", "logs"] {
            let refused = check(&[&shown], &shown, name, in_days(15));
            assert!(refused.contains("not valid for name") && refused.contains(name), "{words:?}: {refused}");
        }
        let refused = check(&[&shown], &shown, "127.0.0.1", in_days(31));
        assert!(refused.contains("certificate expired"), "{words:?}: {refused}");
        let refused = check(&[&shown], &shown, "127.0.0.1", in_days(-1));
        assert!(refused.contains("not valid yet"), "{words:?}: {refused}");
    }
}

fn params(names: &[&str], subject: &str) -> CertificateParams {
    let mut params = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
    params.distinguished_name.push(DnType::CommonName, subject);
    (params.not_before, params.not_after) = (date_time_ymd(2029, 1, 1), date_time_ymd(2031, 1, 1));
    params
}

#[test]
fn a_servers_own_certificate_is_good_without_its_authority() {
    for (subject, refusal) in [("its own", "UnknownIssuer"), ("authority", "BadSignature")] {
        let ca_key = KeyPair::generate().unwrap();
        let mut ca = params(&[], "authority");
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = ca.self_signed(&ca_key).unwrap().der().clone();
        let issuer = Issuer::new(ca, ca_key);
        let leaf = || {
            let params = params(&["kubelet.example"], subject);
            params.signed_by(&KeyPair::generate().unwrap(), &issuer).unwrap().der().clone()
        };
        let (server, sibling) = (leaf(), leaf());
        assert_eq!(check(&[&authority], &server, "kubelet.example", YEAR_2030), "good");
        assert_eq!(check(&[&server], &server, "kubelet.example", YEAR_2030), "good");
        assert!(check(&[&server], &sibling, "kubelet.example", YEAR_2030).contains(refusal), "{subject}");
        assert!(check(&[&server], &server, "other.example", YEAR_2030).contains("not valid for name"));
        let after = UnixTime::since_unix_epoch(Duration::from_secs(1_930_000_000));
        assert!(check(&[&server], &server, "kubelet.example", after).contains("certificate expired"));
    }
}

#[test]
fn an_authority_without_names_is_no_server() {
    let key = KeyPair::generate().unwrap();
    let mut ca = params(&[], "authority");
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = ca.self_signed(&key).unwrap().der().clone();
    assert!(check(&[&authority], &authority, "logs.example", YEAR_2030).contains("CaUsedAsEndEntity"));
}
