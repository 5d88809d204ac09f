//! Errors, faults, and roles.

use std::time::{Duration, Instant};

use aws_sdk_securityhub::{
    config::{Credentials, retry::RetryConfig},
    error::{ProvideErrorMetadata, SdkError},
};

use super::{
    super::{Aws, Fault, HOME, Operation, Service},
    REGION, client, code, control, exposure, run, status,
};

const ROLE: &str = "arn:aws:iam::444455556666:role/security/exposured-reader";

#[test]
fn a_service_that_is_disabled_or_denied_returns_an_error() {
    run(async || {
        let aws = Aws::start();
        let place = aws.account(HOME).region(REGION);
        let place = place
            .disable(Service::SecurityHub)
            .disable(Service::Inspector)
            .disable(Service::Macie);
        let hub = client!(aws_sdk_securityhub, aws);
        let off = hub.get_findings().send().await.expect_err("not subscribed");
        assert_eq!(status(&off), Some(401));
        assert_eq!(code(&off), "InvalidAccessException");
        let import = hub
            .batch_import_findings()
            .findings(exposure("e", "2026-01-01T00:00:00Z").build());
        let import = import.send().await.expect("an answer");
        assert_eq!(
            import.failed_findings()[0].error_code(),
            Some("InvalidAccess")
        );
        let off = client!(aws_sdk_inspector2, aws)
            .list_findings()
            .send()
            .await
            .expect_err("not enabled");
        assert_eq!(code(&off), "AccessDeniedException");
        let off = client!(aws_sdk_macie2, aws)
            .list_findings()
            .send()
            .await
            .expect_err("not enabled");
        assert_eq!(
            off.as_service_error().and_then(|error| error.message()),
            Some("Macie is not enabled.")
        );

        place
            .enable(Service::SecurityHub)
            .deny("securityhub:GetFindings");
        let denied = hub.get_findings().send().await.expect_err("denied");
        assert_eq!(code(&denied), "AccessDeniedException");
        let message = denied
            .as_service_error()
            .and_then(|error| error.message())
            .unwrap_or_default();
        let user = "User: arn:aws:iam::111122223333:user/exposured is not authorized to perform: securityhub:GetFindings";
        assert!(message.starts_with(user), "{message}");
        place.allow("securityhub:GetFindings");
        assert!(hub.get_findings().send().await.is_ok());

        let stranger = Credentials::new("AKIAIOSFODNN7EXAMPLE", "secret", None, None, "test");
        let unknown = client!(aws_sdk_securityhub, aws, stranger)
            .get_findings()
            .send()
            .await
            .expect_err("unknown key");
        assert_eq!(code(&unknown), "UnrecognizedClientException");
    });
}

#[test]
fn throttling_ends_and_rates_are_enforced() {
    run(async || {
        let aws = Aws::start();
        aws.account(HOME).region(REGION);
        let hub = client!(aws_sdk_securityhub, aws);
        aws.fault(
            Operation::GetFindings,
            Fault::throttle().times(2).only_in(HOME, REGION),
        );
        hub.get_findings()
            .send()
            .await
            .expect("the third attempt is answered");
        let statuses: Vec<_> = aws
            .requests()
            .iter()
            .map(|request| request.status)
            .collect();
        assert_eq!(statuses, [429, 429, 200]);
        let first = &aws.requests()[0];
        assert_eq!(
            (first.service, first.account.as_str(), first.region.as_str()),
            (Service::SecurityHub, HOME, REGION)
        );
        assert!(
            first.caller.contains("user/exposured")
                && first.body.is_object()
                && first.at <= Instant::now()
        );

        aws.rate_limits(true);
        let mut answered = 0;
        let refused = loop {
            let once = hub.get_findings().customize();
            match once.config_override(no_retries()).send().await {
                Ok(_) => answered += 1,
                Err(error) => break error,
            }
        };
        assert!(answered >= 6, "the burst is answered, not {answered}");
        assert_eq!(code(&refused), "TooManyRequestsException");
    });
}

#[test]
fn faults_affect_the_expected_requests() {
    run(async || {
        let aws = Aws::start();
        let findings = vec![control("a", "EC2.1", &["AwsEc2Instance"]); 1];
        aws.account(HOME)
            .region(REGION)
            .security_hub_findings(findings);
        let hub = client!(aws_sdk_securityhub, aws);
        let once = || {
            hub.get_findings()
                .customize()
                .config_override(no_retries())
                .send()
        };

        for fault in [Fault::reset_before_answer(), Fault::reset_mid_answer()] {
            aws.fault(Operation::GetFindings, fault.clone());
            let error = once().await.expect_err("a broken connection");
            assert!(
                matches!(
                    error,
                    SdkError::DispatchFailure(_) | SdkError::ResponseError(_)
                ),
                "{fault:?}: {error:?}"
            );
        }
        for fault in [Fault::truncated_json(), Fault::not_json()] {
            aws.fault(Operation::GetFindings, fault.clone());
            let error = once().await.expect_err("not a JSON answer");
            // The SDK calls it a service error, with neither code nor message, of an HTTP 200.
            assert_eq!(code(&error), "none", "{fault:?}: {error:?}");
            assert_eq!(status(&error), Some(200), "{fault:?}: {error:?}");
        }
        aws.fault(Operation::GetFindings, Fault::status(503).after(1));
        once().await.expect("the first passes");
        assert_eq!(status(&once().await.expect_err("503")), Some(503));
        aws.fault(Operation::GetFindings, Fault::expired_token());
        assert_eq!(
            code(&once().await.expect_err("expired")),
            "ExpiredTokenException"
        );
        aws.fault(
            Operation::GetFindings,
            Fault::hang(Duration::from_millis(200)),
        );
        let before = Instant::now();
        once().await.expect("late, but there");
        assert!(before.elapsed() >= Duration::from_millis(200));

        aws.fault(
            Operation::BatchImportFindings,
            Fault::reset_before_answer().always(),
        );
        let import = hub
            .batch_import_findings()
            .findings(exposure("e", "2026-01-01T00:00:00Z").build());
        import.send().await.expect_err("no answer ever");
        assert_eq!(
            aws.imported(HOME, REGION).len(),
            1,
            "the import took effect all the same"
        );
        assert_eq!(aws.requests_to(Operation::BatchImportFindings).len(), 3);
    });
}

#[test]
fn roles_are_assumed_into_their_account() {
    run(async || {
        let aws = Aws::start();
        aws.role_with_external_id(ROLE, "our-secret");
        aws.account("444455556666")
            .region(REGION)
            .security_hub_findings(vec![control("theirs", "S3.1", &["AwsS3Bucket"])]);
        let sts = client!(aws_sdk_sts, aws);
        let me = sts.get_caller_identity().send().await.expect("an identity");
        assert_eq!(me.account(), Some(HOME));

        let assume = |id: &str| {
            sts.assume_role()
                .role_arn(ROLE)
                .role_session_name("exposured")
                .external_id(id)
                .send()
        };
        assert_eq!(
            code(&assume("a & b=c").await.expect_err("a wrong external id")),
            "AccessDenied"
        );
        let answer = assume("our-secret").await.expect("credentials");
        let given = answer.credentials().expect("credentials");
        let token = Some(given.session_token().to_owned());
        let credentials = Credentials::new(
            given.access_key_id(),
            given.secret_access_key(),
            token,
            None,
            "test",
        );

        let theirs = client!(aws_sdk_securityhub, aws, credentials.clone())
            .get_findings()
            .send()
            .await
            .expect("findings");
        assert_eq!(theirs.findings()[0].id(), Some("theirs"));
        let identity = client!(aws_sdk_sts, aws, credentials)
            .get_caller_identity()
            .send()
            .await
            .expect("an identity");
        let arn = "arn:aws:sts::444455556666:assumed-role/exposured-reader/exposured";
        assert_eq!(
            (identity.account(), identity.arn()),
            (Some("444455556666"), Some(arn))
        );
        let asked: Vec<_> = aws
            .requests_to(Operation::AssumeRole)
            .into_iter()
            .map(|request| request.body["ExternalId"].clone())
            .collect();
        assert_eq!(asked, ["a & b=c", "our-secret"]);

        let unknown = "arn:aws:iam::444455556666:role/unknown";
        let refused = sts
            .assume_role()
            .role_arn(unknown)
            .role_session_name("exposured")
            .send()
            .await
            .expect_err("unknown");
        assert_eq!(code(&refused), "AccessDenied");
        aws.role(unknown);
        sts.assume_role()
            .role_arn(unknown)
            .role_session_name("exposured")
            .send()
            .await
            .expect("now it exists");
    });
}

#[test]
fn the_environment_is_sufficient_for_the_sdk() {
    run(async || {
        let aws = Aws::start();
        let environment = aws.environment();
        let value = |name: &str| {
            environment
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.as_str())
        };
        assert_eq!(value("AWS_ENDPOINT_URL"), Some(aws.endpoint().as_str()));
        assert_eq!(value("AWS_REGION"), Some(REGION));
        assert_eq!(value("AWS_ACCESS_KEY_ID"), Some("AKIA111122223333TEST"));
    });
}

fn no_retries() -> aws_sdk_securityhub::config::Builder {
    aws_sdk_securityhub::Config::builder().retry_config(RetryConfig::disabled())
}
