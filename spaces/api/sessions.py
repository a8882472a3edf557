"""Signing in and out with a password and a cookie. api-dialect.md 2."""

from django.contrib.auth import logout
from django.http import HttpRequest
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.response import Response

from spaces.api.authentication import hand_out_csrf_token
from spaces.api.documents import Document
from spaces.api.users import UserDocument
from spaces.api.views import ApiRequest, DialectViewSet
from spaces.callers import begin_session
from spaces.errors import NotAuthenticated
from spaces.models import User
from spaces.services.second_factor import Step, check_code, next_step
from spaces.services.sign_in import check_password, welcome


class Credentials(Document):
    Username = serializers.CharField(source="username", trim_whitespace=False)
    Password = serializers.CharField(source="password", trim_whitespace=False)
    RememberMe = serializers.BooleanField(required=False)
    SecondFactorCode = serializers.CharField(
        source="code", required=False, allow_blank=True, allow_null=True
    )


class SessionViewSet(DialectViewSet):
    serializer_class = UserDocument
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(request=Credentials, responses=UserDocument)
    def sign_in(self, request: ApiRequest) -> Response:
        given = self.given(Credentials)
        user = check_password(
            actor=request.actor, username=given["username"], password=given["password"]
        )
        factor = self._second_factor(user, given.get("code") or "")
        http: HttpRequest = request._request
        begin_session(http, user, has_second_factor=bool(factor))
        welcome(actor=request.actor, user=user, by=factor and f"password and {factor}")
        request.user = user
        response = self.shown(user)
        hand_out_csrf_token(http, response)
        return response

    def _second_factor(self, user: User, code: str) -> str:
        """Which one the code shows; "" when none is asked for. Raises NotAuthenticated."""
        match next_step(user):
            case Step.ASK if code:
                return check_code(actor=self.request.actor, user=user, code=code)
            case Step.ASK:
                raise NotAuthenticated("Send a code of your second factor as SecondFactorCode.")
            case Step.SET_UP:
                raise NotAuthenticated(
                    "A second factor is required: set one up by signing in with a browser."
                )
        return ""

    @extend_schema(request=None, responses=dict)
    def sign_out(self, request: ApiRequest) -> Response:
        logout(request._request)
        return Response({})
